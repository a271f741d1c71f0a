"""Ranks: short texts that keep cards of one column in order, with always room for one more between two of them.

A rank is a fraction written in base 62 without its "0.", digits in ASCII order, so that `COLLATE "C"` sorts it.
It never ends in the lowest digit, for then nothing would fit before it.
"""

DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
LOWEST, HIGHEST, MIDDLE = DIGITS[0], DIGITS[-1], DIGITS[len(DIGITS) // 2]
_VALUE = {digit: value for value, digit in enumerate(DIGITS)}


def between(before: str | None, after: str | None) -> str:
    """A rank greater than `before` and smaller than `after`; None stands for that end of the column.

    ValueError when there is no such rank: the two are equal, the wrong way round, or no ranks at all.
    """
    for rank in (before, after):
        if rank is not None and not is_rank(rank):
            raise ValueError(f"{rank!r} is not a rank.")
    if before is not None and after is not None:
        if before >= after:
            raise ValueError(f"Nothing lies between {before!r} and {after!r}.")
        return _middle(before, after)
    if before is not None:
        return _next(before)
    if after is not None:
        return _previous(after)
    return MIDDLE


def many(count: int, *, before: str | None = None, after: str | None = None) -> list[str]:
    """So many ranks in ascending order between the two; evenly spread and short when both ends are open."""
    if before is None and after is None:
        return [_spread(place, count) for place in range(count)]
    ranks = [""] * count
    gaps = [(0, count, before, after)]
    while gaps:
        start, stop, low, high = gaps.pop()
        if start < stop:
            half = (start + stop) // 2
            ranks[half] = between(low, high)
            gaps += [(start, half, low, ranks[half]), (half + 1, stop, ranks[half], high)]
    return ranks


def is_rank(text: str) -> bool:
    """Whether the text is made of our digits and does not end in the lowest."""
    return bool(text) and text[-1] != LOWEST and all(digit in _VALUE for digit in text)


def _middle(low: str, high: str) -> str:
    """About half-way between the two, in as few digits as will do."""
    shared = 0
    while shared < len(high) and (low[shared] if shared < len(low) else LOWEST) == high[shared]:
        shared += 1
    head, low, high = high[:shared], low[shared:], high[shared:]
    first = _VALUE[low[0]] if low else 0
    last = _VALUE[high[0]]
    if last - first > 1:
        return head + DIGITS[(first + last) // 2]
    if len(high) > 1:
        return head + high[0]
    return head + DIGITS[first] + _next(low[1:])


def _next(rank: str) -> str:
    """The nearest round rank that is greater; a digit longer only when every digit is the highest."""
    for place, digit in enumerate(rank):
        if digit != HIGHEST:
            return rank[:place] + DIGITS[_VALUE[digit] + 1]
    return rank + (DIGITS[1] if rank else MIDDLE)


def _previous(rank: str) -> str:
    """The nearest round rank that is smaller; a digit longer only when no shorter one is left."""
    for place, digit in enumerate(rank):
        if _VALUE[digit] > 1:
            return rank[:place] + DIGITS[_VALUE[digit] - 1]
        if digit != LOWEST:
            return rank[:place] + LOWEST + HIGHEST
    raise ValueError(f"{rank!r} is not a rank.")


def _spread(place: int, count: int) -> str:
    width = 1
    while len(DIGITS) ** width < 4 * (count + 1):
        width += 1
    number = (place + 1) * len(DIGITS) ** width // (count + 1)
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits.rstrip(LOWEST)
