"""Amounts are Decimals with a currency: how many digits they have and how people read them."""

from decimal import ROUND_HALF_EVEN, Decimal
from typing import NamedTuple

THIN_SPACE = "\u2009"


class Currency(NamedTuple):
    symbol: str
    digits: int
    name: str


CURRENCIES: dict[str, Currency] = {
    "EUR": Currency("€", 2, "Euro"),
    "USD": Currency("$", 2, "US dollar"),
    "GBP": Currency("£", 2, "Pound sterling"),
    "CHF": Currency("CHF", 2, "Swiss franc"),
    "JPY": Currency("¥", 0, "Japanese yen"),
    "CNY": Currency("CN¥", 2, "Chinese yuan"),
    "INR": Currency("₹", 2, "Indian rupee"),
    "KRW": Currency("₩", 0, "South Korean won"),
    "AUD": Currency("A$", 2, "Australian dollar"),
    "CAD": Currency("CA$", 2, "Canadian dollar"),
    "NZD": Currency("NZ$", 2, "New Zealand dollar"),
    "SEK": Currency("SEK", 2, "Swedish krona"),
    "NOK": Currency("NOK", 2, "Norwegian krone"),
    "DKK": Currency("DKK", 2, "Danish krone"),
    "PLN": Currency("PLN", 2, "Polish złoty"),
    "CZK": Currency("CZK", 2, "Czech koruna"),
    "HUF": Currency("HUF", 2, "Hungarian forint"),
    "RON": Currency("RON", 2, "Romanian leu"),
    "TRY": Currency("TRY", 2, "Turkish lira"),
    "BRL": Currency("R$", 2, "Brazilian real"),
    "MXN": Currency("MX$", 2, "Mexican peso"),
    "ZAR": Currency("R", 2, "South African rand"),
    "SGD": Currency("S$", 2, "Singapore dollar"),
    "HKD": Currency("HK$", 2, "Hong Kong dollar"),
    "AED": Currency("AED", 2, "UAE dirham"),
    "SAR": Currency("SAR", 2, "Saudi riyal"),
    "ILS": Currency("₪", 2, "Israeli shekel"),
}


def choices() -> list[tuple[str, str]]:
    return [(code, f"{code} · {currency.name}") for code, currency in CURRENCIES.items()]


def quantise(amount: Decimal, currency: str) -> Decimal:
    """The amount in the smallest coins its currency has, halves to the even coin."""
    digits = CURRENCIES[currency].digits if currency in CURRENCIES else 2
    return amount.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)


def in_full(amount: Decimal | None, currency: str) -> str:
    """€10 700 or €10 700.50 with thin spaces; a dash when there is no amount."""
    if amount is None:
        return "–"
    exact = quantise(Decimal(amount), currency)
    whole = exact == exact.to_integral_value()
    figures = f"{abs(exact):,.{0 if whole else 2}f}".replace(",", THIN_SPACE)
    return _signed(exact, currency, figures)


def in_short(amount: Decimal | None, currency: str) -> str:
    """€148k, €1.2M, €950: two to three significant figures for heads and cards."""
    if amount is None:
        return "–"
    size = abs(Decimal(amount))
    for limit, letter in ((Decimal(999_950_000), "B"), (Decimal(999_500), "M"), (Decimal(1_000), "k")):
        if size >= limit:
            scaled = size / {"B": Decimal(10**9), "M": Decimal(10**6), "k": Decimal(1000)}[letter]
            figures = f"{scaled:.1f}" if scaled < Decimal("9.95") else f"{scaled:.0f}"
            return _signed(Decimal(amount), currency, figures.removesuffix(".0") + letter)
    return _signed(Decimal(amount), currency, f"{size:.0f}")


def _signed(amount: Decimal, currency: str, figures: str) -> str:
    symbol = CURRENCIES[currency].symbol if currency in CURRENCIES else currency
    gap = THIN_SPACE if symbol.isalpha() and len(symbol) > 1 else ""
    return f"{'−' if amount < 0 else ''}{symbol}{gap}{figures}"
