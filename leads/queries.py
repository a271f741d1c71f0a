"""Whole pages of leads, each asked with all it needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter

from django.db.models import Count, Prefetch, Q, QuerySet
from django.utils.translation import gettext as _

from pipeline_crm.foundation.append_only import AmendmentKind
from pipeline_crm.foundation.board import MANUAL, Column, dress, first_cards, next_cards, totals
from pipeline_crm.foundation.catching_up import cursor_now
from pipeline_crm.foundation.ordering import Order
from pipeline_crm.foundation.stage_log import history

from .domain import checking, offering
from .domain.moving import PLAIN_STEPS
from .domain.recycling import local_date
from .domain.stalling import ENOUGH_PASSAGES, age_of
from .filters import LeadFilter
from .marketing.queries import letters
from .models import (
    OPEN_STAGES,
    Enrolment,
    EnrolmentState,
    HandOver,
    Lead,
    LeadActivity,
    LeadStage,
    LeadStageNorm,
    Recycling,
    StepKind,
)


@dataclass
class Board:
    columns: list[Column]
    cursor: str = ""  # from where on to ask what changed

    @property
    def count(self) -> int:
        return sum(column.count for column in self.columns)

    @property
    def ready(self) -> int:
        return self._count(LeadStage.READY)

    @property
    def waiting(self) -> int:
        return self._count(LeadStage.WAITING)

    def _count(self, stage: str) -> int:
        return next(column.count for column in self.columns if column.key == stage)


def board(*, user, filter: LeadFilter, at: datetime, with_cards: bool = True) -> Board:
    """The five columns of marketing with their first cards and whole totals."""
    cursor = cursor_now() if with_cards else ""
    today = local_date(at)
    norms = trusted_norms()
    admitted = filter.apply(Lead.objects.open().visible_to(user), user=user, today=today)
    late = Count("pk", filter=Q(stage=LeadStage.READY, accept_by__lt=at))
    sums = totals(admitted, "stage", extra={**ages(norms, at), "overdue": late})
    columns = []
    for stage in OPEN_STAGES:
        row = sums.get(stage.value, {})
        stalled = row.get("stalled", 0)
        columns.append(
            Column(
                key=stage.value,
                name=str(stage.label),
                count=row.get("count", 0),
                norm=norms.get(stage.value),
                slowing=row.get("slowing", 0) - stalled,
                stalled=stalled,
                overdue=row.get("overdue", 0),
                note="" if stage.value in norms else too_few(stage),
                next=[to.value for to in OPEN_STAGES if to in PLAIN_STEPS[stage]],
            )
        )
    if with_cards:
        ids = first_cards(admitted, "stage", OPEN_STAGES, filter.order)
        by_stage: dict[str, list[Lead]] = {}
        for lead in faces(Lead.objects.filter(pk__in=ids), at=at, order=filter.order):
            by_stage.setdefault(lead.stage, []).append(lead)
        for column in columns:
            column.cards = by_stage.get(column.key, [])
    return Board(columns, cursor)


def trusted_norms() -> dict[str, LeadStageNorm]:
    """Norms that rest on enough passages. Waiting ends by its date, so nobody is late there."""
    known = LeadStageNorm.objects.filter(n__gte=ENOUGH_PASSAGES).exclude(stage=LeadStage.WAITING)
    return {norm.stage: norm for norm in known}


def ages(norms: dict[str, LeadStageNorm], at: datetime) -> dict:
    slowing = stalled = Q(pk__in=[])
    for stage, norm in norms.items():
        if norm.median_days is not None:
            slowing |= Q(stage=stage, stage_entered_at__lt=at - timedelta(days=norm.median_days))
        if norm.p85_days is not None:
            stalled |= Q(stage=stage, stage_entered_at__lt=at - timedelta(days=norm.p85_days))
    return {"slowing": Count("pk", filter=slowing), "stalled": Count("pk", filter=stalled)}


def too_few(stage: LeadStage) -> str:
    if stage == LeadStage.WAITING:
        return ""
    return _("No age colours yet: %(needed)s leads must have entered this stage.") % {"needed": ENOUGH_PASSAGES}


def more_cards(stage: str, *, user, filter: LeadFilter, after: str, at: datetime) -> list[Lead]:
    """The next cards of a column, from the key of the last one shown."""
    admitted = filter.apply(Lead.objects.in_stage(stage).visible_to(user), user=user, today=local_date(at))
    ids = next_cards(admitted, filter.order, after)
    return faces(Lead.objects.filter(pk__in=ids), at=at, order=filter.order)


def faces(leads: QuerySet, *, at: datetime, order: Order = MANUAL) -> list[Lead]:
    """Leads with everything a card shows, in that order."""
    found = list(
        leads.select_related("organisation", "person", "owner", "source").prefetch_related(
            Prefetch("activities", LeadActivity.objects.planned(), to_attr="planned"),
            Prefetch("recyclings", Recycling.objects.standing().order_by("-seq"), to_attr="returns"),
            Prefetch(
                "enrolments",
                Enrolment.objects.filter(state=EnrolmentState.RUNNING).select_related("next_step__template"),
                to_attr="running",
            ),
        )
    )
    norms = trusted_norms()
    dress(found, at=at, today=local_date(at), norms=norms, stage_field="stage", age_of=age_of, order=order)
    for lead in found:
        lead.last_return = lead.returns[0] if lead.returns else None
        lead.is_overdue = lead.accept_by is not None and lead.accept_by < at
        if lead.next_step is None and lead.running:
            lead.next_step = cadence_step(lead.running[0], at)
            lead.due = "later" if lead.next_step.days_left else "today"
    return sorted(found, key=attrgetter("order"))


@dataclass(frozen=True)
class CadenceStepToCome:
    """What a cadence will do next, as a card shows a planned activity."""

    kind: str
    subject: str
    due_on: date
    days_left: int

    def get_kind_display(self) -> str:
        return str(StepKind(self.kind).label)


def cadence_step(enrolment: Enrolment, at: datetime) -> CadenceStepToCome:
    today = local_date(at)
    day = max(local_date(enrolment.due_at), today)
    step = enrolment.next_step
    return CadenceStepToCome(step.kind, str(step), day, (day - today).days)


def face(lead: Lead, *, at: datetime) -> Lead:
    """One lead as its card shows it now."""
    return faces(Lead.objects.filter(pk=lead.pk), at=at)[0]


@dataclass
class StepperStage:
    stage: LeadStage
    days: int | None
    state: str  # done, now, ahead


@dataclass
class Panel:
    lead: Lead
    stepper: list[StepperStage]
    timeline: list[dict]
    planned: list[LeadActivity]
    recyclings: list[Recycling]
    norm: LeadStageNorm | None
    checklist: list[checking.Item]
    offer: HandOver | None  # to sales, while it waits for an answer
    handed_back: list[dict]  # the entries of the timeline that tell of it, the newest first


def panel(lead: Lead, *, at: datetime) -> Panel:
    """Everything the lead's panel and page show."""
    lead = face(lead, at=at)
    story = timeline(lead)
    return Panel(
        lead=lead,
        stepper=stepper(lead, at=at),
        timeline=story,
        planned=lead.planned,
        recyclings=lead.returns,
        norm=trusted_norms().get(lead.stage),
        checklist=checking.checklist(lead),
        offer=offering.latest(lead) if lead.stage == LeadStage.READY else None,
        handed_back=[entry for entry in story if is_handing_back(entry)],
    )


def is_handing_back(entry: dict) -> bool:
    """Whether sales refused the lead with this step, and it has not been taken back."""
    if entry["kind"] != "step" or entry["voided"]:
        return False
    step = entry["event"]
    return step.from_stage == LeadStage.READY and step.to_stage in PLAIN_STEPS[LeadStage.READY]


def stepper(lead: Lead, *, at: datetime) -> list[StepperStage]:
    """Each stage of the way with the days the lead spent there in all; Waiting only for those that came back."""
    days: dict[str, float] = {}
    steps = history(lead)
    ends = [step.occurred_at for step in steps[1:]] + [at]
    for step, end in zip(steps, ends, strict=True):
        days[step.to_key] = days.get(step.to_key, 0) + (end - step.occurred_at).total_seconds() / 86400
    return [
        StepperStage(
            stage,
            int(days[stage]) if stage in days else None,
            "now" if stage == lead.stage else "done" if stage in days else "ahead",
        )
        for stage in OPEN_STAGES
        if stage != LeadStage.WAITING or stage in days
    ]


def timeline(lead: Lead) -> list[dict]:
    """Steps, amendments, changed fields, answers of the checklist, notes, activities and letters,
    the newest first."""
    entries = [entry for one in (lead, *lead.merged.all()) for entry in steps_of(one)]
    entries += [
        {
            "kind": "change",
            "at": change.recorded_at,
            "change": change,
            "by": change.by,
            "label": str(Lead._meta.get_field(change.field).verbose_name),
        }
        for change in lead.changes.select_related("by")
    ]
    entries += [
        {"kind": "activity", "at": activity.done_at, "activity": activity, "by": activity.by}
        for activity in lead.activities.exclude(done_at=None).select_related("by")
    ]
    entries += [
        {"kind": "answer", "at": answer.at, "answer": answer, "by": answer.by}
        for answer in lead.answers.select_related("by", "criterion")
    ]
    entries += letters([lead])
    return sorted(entries, key=lambda entry: entry["at"], reverse=True)


def steps_of(lead: Lead) -> list[dict]:
    """The lead's own steps; those of a lead that was merged into another are read only there."""
    voided = {a.seq: a for a in lead.amendments.all() if a.kind == AmendmentKind.VOID}
    dated = {a.seq: a for a in lead.amendments.order_by("id") if a.kind == AmendmentKind.REDATE}
    returns = {row.seq: row for row in lead.recyclings.all()}
    return [
        {
            "kind": "step",
            "at": dated[event.seq].occurred_at if event.seq in dated else event.occurred_at,
            "event": event,
            "by": event.by,
            "voided": voided.get(event.seq),
            "redated": dated.get(event.seq),
            "recycling": returns.get(event.seq),
            "is_merged": lead.merged_into_id is not None,
        }
        for event in lead.events.select_related("by")
        if not (event.source == "undo" and event.seq in voided)
    ]
