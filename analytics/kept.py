"""What was forecast on past evenings, and what came, as it was kept then: what the record looks up first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from .estimators.survival import Floats

Asked = tuple[int, int, int]  # an evening, and the first and last day of a period: day numbers


@dataclass(frozen=True, slots=True)
class Kept:
    """said: what each method said on an evening of all that is won in a period, as quantiles at LEVELS; came: what was
    won in a period, by its first and last day, as it was known on the evening of the latter."""

    said: Mapping[Asked, Mapping[str, Floats]] = field(default_factory=dict)
    came: Mapping[tuple[int, int], float] = field(default_factory=dict)


Memory = Callable[[Iterable[Asked]], Kept]


def nothing(_asked: Iterable[Asked]) -> Kept:
    return Kept()
