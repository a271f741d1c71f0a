"""What cadences will do in the coming weeks, day by day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ..domain.contacting import ruling
from ..domain.recycling import local_date
from ..models import CadenceStep, Enrolment, EnrolmentState, StepKind

WEEKS = 4


@dataclass(frozen=True)
class Coming:
    """A step on the day on which it comes at the earliest: later ones may have to keep their distance."""

    enrolment: Enrolment
    step: CadenceStep
    at: datetime

    @property
    def is_next(self) -> bool:
        return self.step.pk == self.enrolment.next_step_id


@dataclass
class Day:
    date: date
    is_over: bool
    steps: list[Coming] = field(default_factory=list)

    @property
    def counts(self) -> list[tuple[str, int]]:
        """[(kind, how many)] of the day, mails first."""
        found = Counter(coming.step.kind for coming in self.steps)
        return [(kind, found[kind]) for kind in StepKind.values if found[kind]]


def weeks(user, *, at: datetime) -> list[list[Day]]:
    """This week and the next ones, Monday to Sunday, with all that cadences of visible leads will do."""
    today = local_date(at)
    monday = today - timedelta(days=today.weekday())
    days = [Day(monday + timedelta(days=n), monday + timedelta(days=n) < today) for n in range(7 * WEEKS)]
    by_date = {day.date: day for day in days}
    for coming in _all_coming(user, at):
        if day := by_date.get(max(local_date(coming.at), today)):
            day.steps.append(coming)
    for day in days:
        day.steps.sort(key=lambda coming: coming.at)
    return [days[n : n + 7] for n in range(0, len(days), 7)]


def _all_coming(user, at: datetime) -> list[Coming]:
    running = Enrolment.objects.visible_to(user).filter(state=EnrolmentState.RUNNING)
    enrolments = running.select_related("lead__person", "lead__organisation", "cadence").order_by("due_at", "pk")
    open_days = ruling.current().window.days
    steps: dict[int, list[CadenceStep]] = {}
    for step in CadenceStep.objects.filter(retired_at=None).select_related("template").order_by("position"):
        steps.setdefault(step.cadence_id, []).append(step)
    until = at + timedelta(weeks=WEEKS)
    return [
        coming
        for enrolment in enrolments
        for coming in _way(enrolment, steps.get(enrolment.cadence_id, []), open_days)
        if coming.at < until
    ]


def _way(enrolment: Enrolment, steps: Sequence[CadenceStep], open_days: Collection[int]) -> list[Coming]:
    """The next step and those after it, each as soon as its wait and the days of contact allow."""
    ahead = [step for step in steps if step.pk == enrolment.next_step_id]
    ahead += [step for step in steps if ahead and step.position > ahead[0].position]
    way, due = list[Coming](), enrolment.due_at
    for step in ahead:
        if way:
            due += timedelta(days=step.wait_days)
            while step.kind != StepKind.TASK and local_date(due).weekday() not in open_days:
                due += timedelta(days=1)
        way.append(Coming(enrolment, step, due))
    return way
