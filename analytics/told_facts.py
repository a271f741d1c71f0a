"""Facts about deals in words: what they are called, and what was found of them."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

Row = dict[str, Any]


def label(row: Row) -> str:
    """“Source: Referral”, or “Employees: 240 instead of 30”."""
    if row["level"] is not None:
        return _("%(fact)s: %(level)s") % {"fact": fact(row["fact"]), "level": level(row["fact"], row["level"])}
    ends = {"fact": fact(row["fact"]), "low": _number(row["low"]), "high": _number(row["high"])}
    return _("%(fact)s: %(high)s instead of %(low)s") % ends


def sentence(row: Row) -> str:
    words = {
        "label": label(row),
        "points": points(abs(row["effect"])),
        "low": points(min(abs(row["effect_low"]), abs(row["effect_high"]))),
        "high": points(max(abs(row["effect_low"]), abs(row["effect_high"]))),
    }
    if row["effect"] > 0:
        return (
            _("%(label)s goes with %(points)s points more won, all else known alike (90 %%: %(low)s to %(high)s).")
            % words
        )
    return (
        _("%(label)s goes with %(points)s points fewer won, all else known alike (90 %%: %(low)s to %(high)s).") % words
    )


def points(share: float) -> str:
    return f"{share * 100:.0f}"


def fact(key: str) -> str:
    """The fact's name; what a file brought keeps its own."""
    return _facts().get(key, key)


def level(key: str, value: str) -> str:
    return _levels().get(key, {}).get(value, value)


def _number(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u2009") if abs(value) >= 10 else f"{value:.1f}"


def _facts() -> dict[str, str]:
    return {
        "source": _("Source"),
        "deal_type": _("Type"),
        "sector": _("Sector"),
        "country": _("Country"),
        "role": _("Contact’s role"),
        "employees": _("Employees"),
        "product": _("Product"),
        "owner": _("Owner"),
        "amount": _("Value"),
        "tries": _("Tries"),
        "days_before": _("Days until then"),
        "month_of_quarter": _("Month of the quarter"),
        "response": _("First turned to after"),
        "met": _("Whom we met"),
        "acts_call": _("Calls before"),
        "acts_email": _("E-mails before"),
        "acts_form": _("Forms sent before"),
        "acts_click": _("Links followed before"),
        "acts_reply": _("Replies before"),
    }


def _levels() -> dict[str, dict[str, str]]:
    counted = {"none": _("none"), "some": _("at least one")}
    return {
        "deal_type": {"new": _("new business"), "renewal": _("renewal"), "upsell": _("upsell")},
        "product": {"+": _("several")},
        "tries": {"first": _("first try"), "again": _("second try")},
        "month_of_quarter": {"1": _("first"), "2": _("second"), "3": _("last")},
        "response": {
            "1": _("a day at most"),
            "7": _("two to seven days"),
            "later": _("more than a week"),
            "none": _("not before"),
        },
        "met": {"nobody": _("nobody")},
        **{f"acts_{kind}": counted for kind in ("call", "email", "form", "click", "reply")},
    }
