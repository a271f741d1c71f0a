"""What people send about the checklist and the hand-over, and what became of hand-overs. Forms clean."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from django import forms
from django.db.models import QuerySet
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import Team
from pipeline_crm.foundation.append_only import AmendmentKind
from pipeline_crm.foundation.forms import PlainTextField

from ..domain import clocking, offering
from ..models import Asks, Criterion, HandOverRules, Lead, LeadAmendment, LeadEvent, LeadStage, Share, Territory

LOOKS_BACK = timedelta(days=90)


class CriterionForm(forms.Form):
    name = PlainTextField(label=_("Name"), max_length=80)
    question = PlainTextField(label=_("Question"), max_length=200, required=False)
    asks = forms.ChoiceField(label=_("Before hand-over"), choices=Asks.choices, initial=Asks.KNOWN)

    @classmethod
    def of(cls, criterion: Criterion) -> CriterionForm:
        return cls(initial=vars(criterion), auto_id=f"criterion_{criterion.pk}_%s")


class ClockForm(forms.Form):
    agreed_hours = forms.IntegerField(
        label=_("Working hours to accept or hand back"),
        min_value=1,
        max_value=400,
        required=False,
        help_text=_("Empty: sales answers when it can, and nobody is reminded."),
    )
    days = forms.TypedMultipleChoiceField(
        label=_("Days"), choices=list(WEEKDAYS.items()), coerce=int, widget=forms.CheckboxSelectMultiple
    )
    opens = forms.TimeField(label=_("From"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))
    closes = forms.TimeField(label=_("To"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"))

    @classmethod
    def of(cls, rules: HandOverRules) -> ClockForm:
        return cls(initial=vars(rules), auto_id="clock_%s")


class TerritoryForm(forms.Form):
    country = PlainTextField(label=_("Country"), max_length=100, required=False, help_text=_("Empty: any."))
    sector = PlainTextField(label=_("Sector"), max_length=100, required=False, help_text=_("Empty: any."))
    team = forms.ModelChoiceField(Team.objects.all(), label=_("Team"), empty_label=None)
    share = forms.ChoiceField(label=_("To whom"), choices=Share.choices)
    most_open = forms.IntegerField(
        label=_("At most open at once"),
        min_value=1,
        max_value=9999,
        required=False,
        help_text=_("Unanswered leads and open deals of one person; empty: no limit."),
    )
    position = forms.IntegerField(label=_("Place in the order"), min_value=0, max_value=999, required=False)

    @classmethod
    def of(cls, territory: Territory) -> TerritoryForm:
        initial = vars(territory) | {"team": territory.team_id}
        return cls(initial=initial, auto_id=f"territory_{territory.pk}_%s")

    def facts(self) -> dict:
        """Without a place it stays where it is, a new one comes last."""
        data = self.cleaned_data
        return {name: value for name, value in data.items() if name != "position" or value is not None}


class ReasonForm(forms.Form):
    name = PlainTextField(label=_("Reason"), max_length=80)


@dataclass(frozen=True)
class Answers:
    """What sales answered within the last months to the leads that a person may see."""

    accepted: int
    handed_back: int
    reasons: list[tuple[str, int]]
    median_hours: float | None

    @property
    def answered(self) -> int:
        return self.accepted + self.handed_back

    @property
    def share_back(self) -> float | None:
        return self.handed_back / self.answered if self.answered else None


def waiting(leads: QuerySet[Lead], *, at: datetime) -> list[Lead]:
    """Whoever waits for an answer; whose hours end first stands first, without a clock the longest waiting."""
    found = leads.in_stage(LeadStage.READY).select_related("person", "organisation", "owner", "team")
    rows = sorted(found, key=lambda lead: (lead.accept_by is None, lead.accept_by or lead.stage_entered_at))
    for lead in rows:
        lead.is_overdue = lead.accept_by is not None and lead.accept_by < at
    return rows


def answers(leads: QuerySet[Lead], *, at: datetime) -> Answers:
    """Steps out of Ready for sales that stand, with the working hours they took where the step into it is known."""
    taken_back = LeadAmendment.objects.filter(card__in=leads, kind=AmendmentKind.VOID)
    voided = set(taken_back.values_list("card_id", "seq"))
    steps = LeadEvent.objects.filter(card__in=leads, occurred_at__gte=at - LOOKS_BACK, from_stage=LeadStage.READY)
    ended = [step for step in steps.exclude(source="undo") if (step.card_id, step.seq) not in voided]
    back = [step for step in ended if step.to_stage in (LeadStage.QUALIFICATION, LeadStage.NURTURING)]
    accepted = [step for step in ended if step.to_stage == LeadStage.ACCEPTED]
    begun = {
        (step.card_id, step.seq): step.occurred_at
        for step in LeadEvent.objects.filter(card__in={step.card_id for step in ended}, to_stage=LeadStage.READY)
    }
    week = offering.week(HandOverRules.get())
    hours = [
        clocking.between(begun[step.card_id, step.seq - 1], step.occurred_at, week).total_seconds() / 3600
        for step in accepted + back
        if (step.card_id, step.seq - 1) in begun
    ]
    reasons = Counter(step.reason for step in back).most_common()
    return Answers(len(accepted), len(back), reasons, median(hours) if hours else None)
