"""What a board or a list of deals is narrowed to."""

from datetime import date, datetime, timedelta

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from leads.models import Source
from pipeline_crm.accounts.models import Team, User
from pipeline_crm.foundation.board import older_than
from pipeline_crm.foundation.filters import FilterForm

from .domain.stalling import ENOUGH_PASSAGES
from .models import DealActivity, DealType, StageKind


class Closes:
    OVERDUE, MONTH, QUARTER = "overdue", "month", "quarter"
    CHOICES = [("", _("Any time")), (OVERDUE, _("Date passed")), (MONTH, _("This month")), (QUARTER, _("This quarter"))]


class DealFilter(FilterForm):
    beside = ("deal", "after")

    q = forms.CharField(required=False, max_length=100, label=_("Search"))
    mine = forms.BooleanField(required=False, label=_("Mine"))
    attention = forms.BooleanField(required=False, label=_("Needs attention"))
    second_try = forms.BooleanField(required=False, label=_("Second try"))
    owner = forms.ModelChoiceField(User.objects.none(), required=False, label=_("Owner"), empty_label=_("Anyone"))
    team = forms.ModelChoiceField(Team.objects.none(), required=False, label=_("Team"), empty_label=_("All teams"))
    source = forms.ModelChoiceField(
        Source.objects.none(), required=False, label=_("Source"), empty_label=_("Any source")
    )
    deal_type = forms.ChoiceField(required=False, choices=[("", _("Any type")), *DealType.choices], label=_("Type"))
    closes = forms.ChoiceField(required=False, choices=Closes.CHOICES, label=_("Closes"))
    tag = forms.CharField(required=False, max_length=40, label=_("Tag"))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.fields["team"].queryset = Team.objects.all()
        self.fields["source"].queryset = Source.objects.all()

    @classmethod
    def none(cls):
        """The filter that admits everything."""
        form = cls(QueryDict())
        form.is_valid()
        return form

    def apply(self, deals, *, user, at: datetime, today: date):
        """The deals of the queryset that the filter admits."""
        chosen = self.chosen
        if words := chosen.get("q"):
            for word in words.split():
                deals = deals.filter(
                    Q(title__icontains=word) | Q(organisation__name__icontains=word) | Q(person__name__icontains=word)
                )
        if chosen.get("mine"):
            deals = deals.filter(owner=user)
        if chosen.get("second_try"):
            deals = deals.filter(attempt__gt=1)
        for name in ("owner", "team", "deal_type"):
            if name in chosen:
                deals = deals.filter(**{name: chosen[name]})
        if "source" in chosen:
            deals = deals.filter(lead__source=chosen["source"])
        if "tag" in chosen:
            deals = deals.filter(tags__contains=[chosen["tag"]])
        if "closes" in chosen:
            deals = deals.filter(**closing_in(chosen["closes"], today))
        if chosen.get("attention"):
            deals = deals.filter(needs_attention(at=at, today=today))
        return deals


def needs_attention(*, at: datetime, today: date) -> Q:
    """Open, and stalled, without a next step, or with one that is overdue."""
    planned = DealActivity.objects.filter(deal=OuterRef("pk"), done_at=None)
    stalled = Q(stage__norm__n__gte=ENOUGH_PASSAGES) & older_than("stage__norm__p85_days", at)
    waits = stalled | ~Q(Exists(planned)) | Q(Exists(planned.filter(due_on__lt=today)))
    return Q(stage__kind=StageKind.OPEN) & waits


def closing_in(period: str, today: date) -> dict:
    if period == Closes.OVERDUE:
        return {"expected_close__lt": today}
    months = 1 if period == Closes.MONTH else 3
    first = today.replace(day=1, month=today.month - (today.month - 1) % months)
    after = (first + timedelta(days=31 * months)).replace(day=1)
    return {"expected_close__gte": first, "expected_close__lt": after}
