"""Whether a deal stays longer than others did: the same rule as for leads."""

from leads.domain.stalling import ENOUGH_PASSAGES, Age, age_of

__all__ = ["ENOUGH_PASSAGES", "Age", "age_of"]
