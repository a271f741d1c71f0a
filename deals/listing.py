"""All deals a filter admits as one list: in any order, page by page, with the sums of them all; and as a file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from math import ceil

from django.db.models import Count, F, OuterRef, Prefetch, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from leads.domain.recycling import local_date
from pipeline_crm.accounts.models import Company

from . import chances, queries
from .filters import TableFilter
from .models import Deal, DealActivity, Pipeline, Stage

ROWS_AT_ONCE = 50
FILE_CHUNK = 2000


@dataclass(frozen=True)
class Head:
    """A column of the list; by its name the address orders it, "-" in front for the other direction."""

    name: str
    label: object
    is_number: bool = False


HEADS = [
    Head("name", _("Company")),
    Head("title", _("Deal")),
    Head("stage", _("Stage")),
    Head("value", _("Value"), is_number=True),
    Head("chance", _("Chance"), is_number=True),
    Head("weighted", _("Weighted"), is_number=True),
    Head("close", _("Expected close")),
    Head("next", _("Next step")),
    Head("days", _("In stage"), is_number=True),
    Head("owner", _("Owner")),
    Head("source", _("Source")),
    Head("tags", _("Tags")),
]
FIRST_DOWN = {"value", "chance", "weighted", "days"}  # a first click shows the largest


@dataclass
class Sums:
    """Of everything the filter admits, whatever page is shown."""

    count: int = 0
    total: Decimal = Decimal(0)
    weighted: Decimal | None = None
    without_chance: list[str] = field(default_factory=list)


@dataclass
class Listing:
    pipeline: Pipeline
    rows: list[Deal]
    sums: Sums
    page: int
    currency: str

    @property
    def pages(self) -> int:
        return max(1, ceil(self.sums.count / ROWS_AT_ONCE))

    @property
    def first(self) -> int:
        return (self.page - 1) * ROWS_AT_ONCE + 1 if self.rows else 0

    @property
    def last(self) -> int:
        return self.first + len(self.rows) - 1 if self.rows else 0


def listing(pipeline: Pipeline, *, user, filter: TableFilter, at: datetime, page: int = 1) -> Listing:
    """One page of the deals that the filter admits; a page beyond the last shows the last."""
    stages = _stages(pipeline)
    admitted = _admitted(pipeline, user=user, filter=filter, at=at)
    found = Listing(pipeline, [], _sums(admitted, stages), 1, Company.get().base_currency)
    found.page = min(max(1, page), found.pages)
    start = (found.page - 1) * ROWS_AT_ONCE
    ids = list(_ordered(admitted, filter, stages).values_list("pk", flat=True)[start : start + ROWS_AT_ONCE])
    found.rows = in_order(ids, at=at)
    return found


def sums(pipeline: Pipeline, *, user, filter: TableFilter, at: datetime) -> Sums:
    return _sums(_admitted(pipeline, user=user, filter=filter, at=at), _stages(pipeline))


def in_order(ids: list[int], *, at: datetime) -> list[Deal]:
    """The deals with those ids, dressed for the list, in the order of the ids."""
    deals = {
        deal.pk: deal for deal in queries.faces(Deal.objects.filter(pk__in=ids).select_related("lead__source"), at=at)
    }
    return [deals[pk] for pk in ids if pk in deals]


def lines(pipeline: Pipeline, *, user, filter: TableFilter, at: datetime) -> Iterator[list]:
    """The header and a line for each deal, read from the database as they are written."""
    planned = Prefetch("activities", DealActivity.objects.planned(), to_attr="planned")
    ordered = _ordered(_admitted(pipeline, user=user, filter=filter, at=at), filter, _stages(pipeline))
    deals = ordered.select_related("stage__norm", "organisation", "person", "owner", "team", "lead__source", "outlook")
    yield FILE_COLUMNS
    for deal in deals.prefetch_related(planned).iterator(chunk_size=FILE_CHUNK):
        yield _line(deal, at)


FILE_COLUMNS = [
    "id", "company", "person", "title", "stage", "status", "value", "currency", "value_in_base_currency", "chance",
    "weighted_in_base_currency", "expected_close", "next_step", "next_step_on", "days_in_stage", "entered_stage_on",
    "created_on", "owner", "team", "source", "type", "attempt", "tags",
]  # fmt: skip


def _line(deal: Deal, at: datetime) -> list:
    step = deal.planned[0] if deal.planned else None
    return [
        deal.pk,
        deal.organisation or "",
        deal.person or "",
        deal.title,
        deal.stage.name,
        deal.stage.kind,
        _plain(deal.amount),
        deal.currency,
        _plain(deal.base_amount),
        _plain(deal.chance),
        _plain(deal.weighted),
        _plain(deal.expected_close),
        (step.subject or step.get_kind_display()) if step else "",
        _plain(step and step.due_on),
        deal.age_days(at),
        local_date(deal.stage_entered_at).isoformat(),
        local_date(deal.created_at).isoformat(),
        deal.owner or "",
        deal.team or "",
        deal.lead.source or "",
        deal.get_deal_type_display(),
        deal.attempt,
        ", ".join(deal.tags),
    ]


def _plain(value: Decimal | float | date | None) -> str:
    """A number or a day as programs read it, nothing as nothing."""
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else f"{round(value, 4) if isinstance(value, float) else value}"


def _admitted(pipeline: Pipeline, *, user, filter: TableFilter, at: datetime) -> QuerySet:
    deals = Deal.objects.filter(pipeline=pipeline).visible_to(user)
    return filter.apply(deals, user=user, at=at, today=local_date(at))


def _stages(pipeline: Pipeline) -> list[Stage]:
    return list(pipeline.stages.select_related("norm"))


def _sums(admitted: QuerySet, stages: list[Stage]) -> Sums:
    extra = {"count": Count("pk"), "total": Sum("base_amount"), **chances.sums_of(stages)}
    of = {row["stage_id"]: row for row in admitted.order_by().values("stage_id").annotate(**extra)}
    whole = Sums()
    for stage in stages:
        row = of.get(stage.pk)
        if row is None:
            continue
        whole.count += row["count"]
        whole.total += row["total"] or 0
        weighted, unknown = chances.weighed(row, stage)
        if unknown:
            whole.without_chance.append(stage.name)
        if weighted is not None:
            whole.weighted = (whole.weighted or Decimal(0)) + weighted
    return whole


def _ordered(admitted: QuerySet, filter: TableFilter, stages: list[Stage]) -> QuerySet:
    """In the order of the address: what has no value comes last, equal ones by id."""
    by = _values(stages)[filter.column]
    path = by if isinstance(by, str) else "ordered_by"
    deals = admitted if isinstance(by, str) else admitted.annotate(ordered_by=by)
    falls = filter.falls != (filter.column == "days")  # many days in a stage is a long time ago
    return deals.order_by(F(path).desc(nulls_last=True) if falls else F(path).asc(nulls_last=True), "pk")


def _values(stages: Iterable[Stage]) -> dict:
    planned = DealActivity.objects.planned().filter(deal=OuterRef("pk"))
    chance = chances.chance_of(stages)
    return {
        "name": Coalesce("organisation__name", "person__name", "title"),
        "title": "title",
        "stage": "stage__position",
        "value": "base_amount",
        "chance": chance,
        "weighted": F("base_amount") * chance,
        "close": "expected_close",
        "next": Subquery(planned.values("due_on")[:1]),
        "days": "stage_entered_at",
        "owner": "owner__name",
        "source": "lead__source__name",
        "tags": F("tags__0"),
    }
