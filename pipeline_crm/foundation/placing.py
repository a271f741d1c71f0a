"""Where in its column a card stands, told by its neighbours."""

from __future__ import annotations

from django.db.models import Model, QuerySet

from . import ranks

LONGEST = 32


def rank_between(column: QuerySet, *, after: int | None = None, before: int | None = None) -> str:
    """A rank below the card `after` and above the card `before`; without neighbours, the top of the column.

    Neighbours that are not in the column any more are ignored. A column whose ranks have grown long is renumbered.
    """
    known = dict(column.filter(pk__in=[pk for pk in (after, before) if pk]).values_list("pk", "rank"))
    low, high = known.get(after), known.get(before)
    if low is not None:
        following = column.filter(rank__gt=low).order_by("rank").values_list("rank", flat=True).first()
        high = high if high is not None and high > low else following
    elif high is not None:
        low = column.filter(rank__lt=high).order_by("-rank").values_list("rank", flat=True).first()
    else:
        high = column.order_by("rank").values_list("rank", flat=True).first()
    rank = ranks.between(low, high)
    if len(rank) <= LONGEST:
        return rank
    renumber(column)
    return rank_between(column, after=after, before=before)


def put_between(card: Model, column: QuerySet, *, after: int | None, before: int | None) -> None:
    """Put a card that has just come to the column between its neighbours; without any it stays where its rank is."""
    if after or before:
        card.rank = rank_between(column.exclude(pk=card.pk), after=after, before=before)
        card.save(update_fields=["rank"])


def renumber(column: QuerySet) -> None:
    """Give the column short ranks again, in the same order."""
    cards = list(column.order_by("rank", "pk").only("pk"))
    for card, rank in zip(cards, ranks.many(len(cards)), strict=True):
        card.rank = rank
    column.model.objects.bulk_update(cards, ["rank"], batch_size=2000)
