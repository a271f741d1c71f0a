"""Whole pages of deals, each asked with all it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads.domain.recycling import local_date
from leads.marketing.queries import letters
from leads.models import Lead, Person, Recycling
from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.append_only import AmendmentKind
from pipeline_crm.foundation.board import MANUAL, Column, dress, first_cards, next_cards, older_than, totals
from pipeline_crm.foundation.catching_up import cursor_now
from pipeline_crm.foundation.ordering import Order
from pipeline_crm.foundation.stage_log import history

from . import chances
from .domain import admitting
from .domain.stalling import ENOUGH_PASSAGES, age_of
from .filters import DealFilter, needs_attention
from .models import Deal, DealActivity, DealLine, Pipeline, Stage, StageKind

PEOPLE_AT_ONCE = 6


@dataclass
class Board:
    pipeline: Pipeline
    columns: list[Column]
    currency: str
    attention: int
    cursor: str = ""  # from where on to ask what changed

    @property
    def open_columns(self) -> list[Column]:
        return [column for column in self.columns if column.kind == StageKind.OPEN]

    @property
    def count(self) -> int:
        return sum(column.count for column in self.open_columns)

    @property
    def total(self) -> Decimal:
        return sum((column.total for column in self.open_columns), Decimal(0))

    @property
    def without_chance(self) -> list[str]:
        """The columns whose deals the weighted sum leaves out, because nobody knows their chance."""
        return [column.name for column in self.open_columns if column.unknown]

    @property
    def weighted(self) -> Decimal | None:
        known = [column.weighted for column in self.open_columns if column.weighted is not None]
        return sum(known, Decimal(0)) if known else None


def board(pipeline: Pipeline, *, user, filter: DealFilter, at: datetime, with_cards: bool = True) -> Board:
    """The open stages with their first cards and whole totals, and this month's wins."""
    cursor = cursor_now() if with_cards else ""
    today = local_date(at)
    stages = list(
        pipeline.stages.in_use().exclude(kind=StageKind.LOST).select_related("norm").prefetch_related("next_stages")
    )
    admitted = filter.apply(Deal.objects.filter(pipeline=pipeline).visible_to(user), user=user, at=at, today=today)
    here = admitted.filter(shown_in(stages, today))
    past = {
        "slowing": Count("pk", filter=older_than("stage__norm__median_days", at)),
        "stalled": Count("pk", filter=older_than("stage__norm__p85_days", at)),
    }
    sums = totals(here, "stage_id", amount="base_amount", extra=past | chances.sums_of(stages))
    columns = []
    for stage in stages:
        row = sums.get(stage.pk, {})
        norm = getattr(stage, "norm", None)
        trusted = norm if norm and norm.n >= ENOUGH_PASSAGES and stage.is_open else None
        stalled = row.get("stalled", 0) if trusted else 0
        weighted, unknown = chances.weighed(row, stage) if stage.is_open else (None, 0)
        columns.append(
            Column(
                key=stage.pk,
                name=stage.name,
                kind=stage.kind,
                count=row.get("count", 0),
                total=row.get("total") or Decimal(0),
                limit=stage.limit,
                weighted=weighted,
                unknown=unknown,
                basis=_("each deal at its own chance") if row.get("own") else basis_of(stage),
                norm=trusted,
                slowing=row.get("slowing", 0) - stalled if trusted else 0,
                stalled=stalled,
                next=stage.next_ids,
                note=_("this month") if stage.kind == StageKind.WON else too_few(norm),
            )
        )
    if with_cards:
        ids = first_cards(here, "stage_id", [stage.pk for stage in stages], filter.order)
        by_stage: dict[int, list[Deal]] = {}
        for deal in faces(Deal.objects.filter(pk__in=ids), at=at, order=filter.order):
            by_stage.setdefault(deal.stage_id, []).append(deal)
        for column in columns:
            column.cards = by_stage.get(column.key, [])
    attention = admitted.open().filter(needs_attention(at=at, today=today)).count() if with_cards else 0
    return Board(pipeline, columns, Company.get().base_currency, attention, cursor)


def basis_of(stage: Stage) -> str:
    """Where the chance of an open stage comes from, in words."""
    if stage.chance_is_measured:
        n = stage.norm.n
        words = ngettext(
            "measured: of %(n)s deal that entered this stage", "measured: of %(n)s deals that entered this stage", n
        )
        return words % {"n": n}
    if stage.chance is not None:
        return _("fixed baseline of this stage; not measured yet")
    return _("not measured yet, and no baseline is set")


def shown_in(stages: list[Stage], today: date) -> Q:
    """All deals of the open stages, and of the won stage those of this month."""
    won = [stage.pk for stage in stages if stage.kind == StageKind.WON]
    return Q(stage__in=[stage.pk for stage in stages if stage.is_open]) | Q(
        stage__in=won, stage_entered_at__date__gte=today.replace(day=1)
    )


def more_cards(stage: Stage, *, user, filter: DealFilter, after: str, at: datetime) -> list[Deal]:
    """The next cards of a column, from the key of the last one shown."""
    today = local_date(at)
    shown = Deal.objects.filter(shown_in([stage], today), stage=stage)
    admitted = filter.apply(shown.visible_to(user), user=user, at=at, today=today)
    ids = next_cards(admitted, filter.order, after)
    return faces(Deal.objects.filter(pk__in=ids), at=at, order=filter.order)


def faces(deals: QuerySet, *, at: datetime, order: Order = MANUAL) -> list[Deal]:
    """Deals with everything a card shows, stage by stage in that order."""
    planned = Prefetch("activities", DealActivity.objects.planned(), to_attr="planned")
    shown = deals.select_related("organisation", "person", "owner", "stage__norm", "outlook")
    found = list(shown.annotate(pushes=chances.pushes()).prefetch_related(planned))
    norms = {deal.stage_id: getattr(deal.stage, "norm", None) for deal in found if deal.stage.is_open}
    today = local_date(at)
    for deal in found:
        deal.is_late = bool(deal.expected_close and deal.expected_close < today and deal.stage.is_open)
    dress(found, at=at, today=today, norms=norms, stage_field="stage_id", age_of=age_of, order=order)
    return sorted(found, key=lambda deal: (deal.stage.position, deal.order))


def face(deal: Deal, *, at: datetime) -> Deal:
    """One deal as its card shows it now."""
    return faces(Deal.objects.filter(pk=deal.pk), at=at)[0]


@dataclass
class StepperStage:
    stage: Stage
    days: int | None
    state: str  # done, now, ahead


@dataclass
class Panel:
    deal: Deal
    stepper: list[StepperStage]
    timeline: list[dict]
    planned: list[DealActivity]
    recyclings: list[Recycling]
    lines: list[DealLine]
    chance: float | None
    basis: str
    reasons: list[chances.Reason]
    not_yet: str
    norm: object
    people: list[Person]


def panel(deal: Deal, *, user, at: datetime) -> Panel:
    """Everything the deal's panel and page show."""
    deal = face(deal, at=at)
    norm = getattr(deal.stage, "norm", None)
    return Panel(
        deal=deal,
        stepper=stepper(deal, at=at),
        timeline=timeline(deal, user=user),
        planned=deal.planned,
        recyclings=list(Recycling.objects.standing().filter(lead=deal.lead_id).order_by("-seq")),
        lines=list(deal.lines.select_related("product").order_by("id")),
        chance=deal.chance,
        basis=chances.basis(deal, basis_of(deal.stage)) if deal.stage.is_open else "",
        reasons=chances.reasons(deal),
        not_yet=chances.not_yet(deal),
        norm=norm if norm and norm.n >= ENOUGH_PASSAGES else None,
        people=people(deal),
    )


def people(deal: Deal) -> list[Person]:
    """Whom one talks to about the deal: its person first, then others of its organisation."""
    colleagues = Q(organisation=deal.organisation_id, organisation__isnull=False)
    known = Person.objects.filter(Q(pk=deal.person_id) | colleagues)
    return sorted(known, key=lambda person: (person.pk != deal.person_id, person.name))[:PEOPLE_AT_ONCE]


def tries(deal: Deal, *, user) -> list[Deal]:
    """All deals of the same prospect that the person may see, the first try first; one alone is no story."""
    found = Deal.objects.filter(lead=deal.lead_id).visible_to(user).select_related("stage", "pipeline")
    every = list(found.order_by("created_at", "pk"))
    for number, one in enumerate(every, 1):
        one.number = number
    return every if len(every) > 1 else []


def stepper(deal: Deal, *, at: datetime) -> list[StepperStage]:
    """Each open stage with the days the deal spent there in all."""
    days: dict[int, float] = {}
    steps = history(deal)
    ends = [step.occurred_at for step in steps[1:]] + [at]
    for step, end in zip(steps, ends, strict=True):
        days[step.to_key] = days.get(step.to_key, 0) + (end - step.occurred_at).total_seconds() / 86400
    stages = list(deal.pipeline.stages.open().order_by("position"))
    return [
        StepperStage(
            stage,
            int(days[stage.pk]) if stage.pk in days else None,
            "now" if stage.pk == deal.stage_id else "done" if stage.pk in days else "ahead",
        )
        for stage in stages
    ]


def timeline(deal: Deal, *, user) -> list[dict]:
    """Steps, amendments, changed fields, notes and activities, the newest first; and the letters to and fro since the
    deal was opened, when the person may see its lead."""
    voided = {a.seq: a for a in deal.amendments.all() if a.kind == AmendmentKind.VOID}
    dated = {a.seq: a for a in deal.amendments.order_by("id") if a.kind == AmendmentKind.REDATE}
    effective_seqs = {step.seq for step in history(deal)}
    entries = [
        {
            "kind": "step",
            "at": dated[event.seq].occurred_at if event.seq in dated else event.occurred_at,
            "event": event,
            "by": event.by,
            "voided": voided.get(event.seq),
            "redated": dated.get(event.seq),
            "counts": event.seq in effective_seqs,
        }
        for event in deal.events.select_related("by", "from_stage", "to_stage", "lost_reason")
        if not (event.source == "undo" and event.seq in voided)
    ]
    entries += [
        {"kind": "change", "at": change.recorded_at, "change": change, "by": change.by, "label": label_of(change.field)}
        for change in deal.changes.select_related("by")
        if change.field != "concerns"
    ]
    entries += [
        {"kind": "activity", "at": activity.done_at, "activity": activity, "by": activity.by}
        for activity in deal.activities.exclude(done_at=None).select_related("by")
    ]
    opened = min(entry["at"] for entry in entries if entry["kind"] == "step")
    lead = Lead.objects.visible_to(user).filter(pk=deal.lead_id)
    entries += [entry for entry in letters(lead) if entry["at"] >= opened]
    return sorted(entries, key=lambda entry: entry["at"], reverse=True)


def label_of(field: str) -> str:
    if field == "lines":
        return _("products")
    return admitting.label_of(field)


def too_few(norm) -> str:
    n = norm.n if norm else 0
    if n >= ENOUGH_PASSAGES:
        return ""
    return _("No age colours yet: %(n)s deals have entered this stage, %(needed)s are needed.") % {
        "n": n,
        "needed": ENOUGH_PASSAGES,
    }
