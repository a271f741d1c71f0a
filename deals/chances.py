"""The one chance of each deal, for cards, lists and weighted sums: its own where one was learned, else its stage's."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Case, Count, DecimalField, F, FloatField, OuterRef, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_crm.foundation.templatetags.ui import in_days

from .models import ChanceNorm, Deal, DealChange, Stage
from .models.chance import ENOUGH_CLOSED

SHARE = DecimalField(max_digits=9, decimal_places=6)


def chance_of(stages: Iterable[Stage]) -> Case:
    """The chance of each deal of these stages, in SQL: what `Deal.chance` says of one."""
    known = [stage for stage in stages if stage.chance is not None]
    return Case(
        When(outlook__stage=F("stage"), then=Cast("outlook__chance", SHARE)),
        *(When(stage=stage.pk, then=Value(Decimal(str(stage.chance)))) for stage in known),
        default=None,
        output_field=SHARE,
    )


def sums_of(stages: Iterable[Stage]) -> dict[str, Any]:
    """For totals by stage: `weighted`, what the deals bring on average, and `own`, how many have a chance of their own.

    In floating point: over a hundred thousand deals it costs half of what exact decimals do, and it is an estimate.
    """
    own = Case(When(outlook__stage=F("stage"), then=F("outlook__chance")), output_field=FloatField())
    others = (When(stage=stage.pk, then=Value(stage.chance)) for stage in stages if stage.chance is not None)
    chance = Coalesce(own, Case(*others, default=None, output_field=FloatField()))
    return {"weighted": Sum(Cast("base_amount", FloatField()) * chance), "own": Count(own)}


def weighed(row: dict[str, Any], stage: Stage) -> tuple[Decimal | None, int]:
    """Of such a row: what its deals bring on average, None where no chance is known, and of how many none is known."""
    count, own = row.get("count", 0), row.get("own", 0)
    known = own if stage.chance is None else count
    if not known and (count or stage.chance is None):
        return None, count
    return Decimal(str(round(row.get("weighted") or 0, 2))), count - known


def pushes() -> Coalesce:
    """How often the expected close of each deal was put off to a later day."""
    later = DealChange.objects.filter(deal=OuterRef("pk"), field="expected_close", after__gt=F("before"))
    many = later.order_by().values("deal").annotate(many=Count("pk")).values("many")
    return Coalesce(Subquery(many), 0)


def pushed(deals: QuerySet[Deal]) -> QuerySet[Deal]:
    """Those of the deals whose expected close was put off."""
    later = DealChange.objects.filter(field="expected_close", after__gt=F("before"))
    return deals.filter(pk__in=later.values("deal"))


@dataclass(frozen=True)
class Reason:
    """What moves the chance of a deal, in words, and by how many points."""

    words: str
    points: int

    @property
    def signed(self) -> str:
        return f"{self.points:+d}".replace("-", "−")


def reasons(deal: Deal) -> list[Reason]:
    """The facts that move the deal's chance most. One of an owner who has it no more is left out."""
    found = deal.expected.reasons if deal.expected else []
    told = ((_in_words(deal, reason), round(100 * reason["points"])) for reason in found)
    return [Reason(words, points) for words, points in told if words and points]


def _in_words(deal: Deal, reason: dict[str, Any]) -> str:
    key, of, is_good = reason["key"], reason.get("of"), reason["points"] > 0
    if key == "age":
        return _("%(days)s in %(stage)s") % {"days": in_days(of), "stage": deal.stage.name}
    if key == "size":
        return _("of a size that is won more often") if is_good else _("of a size that is won less often")
    if key == "pushed":
        return put_off(of)
    if key == "overdue":
        return _("expected close passed %(days)s ago") % {"days": in_days(of)}
    if key == "again":
        return _("a second try with this prospect")
    if key == "owner" and of == deal.owner_id:
        more, fewer = _("%(owner)s wins more of such deals than others"), _("%(owner)s wins fewer of such deals")
        return (more if is_good else fewer) % {"owner": deal.owner.get_short_name()}
    return ""


def put_off(times: int) -> str:
    return ngettext("close put off once", "close put off %(n)s times", times) % {"n": times}


def basis(deal: Deal, of_stage: str) -> str:
    """Where the chance of an open deal comes from, in words."""
    if deal.expected:
        closed = ChanceNorm.objects.filter(pipeline=deal.pipeline_id).values_list("closed", flat=True).first() or 0
        return _("to be won within a year; learned from %(n)s closed deals") % {"n": closed}
    return of_stage


def not_yet(deal: Deal) -> str:
    """Why an open deal has no chance of its own."""
    norm = ChanceNorm.objects.filter(pipeline=deal.pipeline_id).first()
    if deal.expected or not deal.stage.is_open or norm is None:
        return ""
    if not norm.is_enough:
        return _("No chance of its own yet: needs %(needed)s closed deals, has %(n)s.") % {
            "needed": ENOUGH_CLOSED,
            "n": norm.closed,
        }
    return _("It has just come to this stage; a chance of its own follows within the hour.")
