"""What is asked of leads that are perhaps one: for their tab, and for the panel of each."""

from collections.abc import Iterable

from django.db.models import QuerySet

from ..models import Lead, Likeness

PAIRS = Likeness.objects.select_related(
    "lead__person__organisation", "lead__organisation", "lead__owner",
    "like__person__organisation", "like__organisation", "like__owner",
)  # fmt: skip


def undecided(user) -> QuerySet[Likeness]:
    """Those that the person may see and nobody has decided about."""
    return PAIRS.open().visible_to(user)


def pairs_of(lead: Lead, *, user) -> list[Likeness]:
    """The lead's own, each with the `other` lead."""
    pairs = with_rights(undecided(user).of(lead), user=user)
    for pair in pairs:
        pair.other = pair.other_than(lead)
    return pairs


def with_rights(pairs: Iterable[Likeness], *, user) -> list[Likeness]:
    """Each with what the person may do about it."""
    found = list(pairs)
    for pair in found:
        pair.may_part = user.has_perm("leads.part_likeness", pair)
        pair.may_join = user.has_perm("leads.join_likeness", pair)
    return found
