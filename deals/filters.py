"""What a board or a list of deals is narrowed to."""

from datetime import date, datetime, timedelta
from operator import attrgetter

from django import forms
from django.db.models import Exists, OuterRef, Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from leads.models import Source
from pipeline_crm.accounts.models import Team, User
from pipeline_crm.foundation.board import LONGEST_HERE_FIRST, MANUAL, next_step_first, older_than, worth_most_first
from pipeline_crm.foundation.filters import FilterForm
from pipeline_crm.foundation.forms import AmountField, PlainTextField, date_input
from pipeline_crm.foundation.ordering import DAY, Order

from . import chances
from .domain.stalling import ENOUGH_PASSAGES
from .models import DealActivity, DealType, Pipeline, Stage, StageKind


class Closes:
    """Days of the expected close, relative to today."""

    OVERDUE, PUT_OFF, UNDATED = "overdue", "put_off", "undated"
    MONTH, NEXT_MONTH, QUARTER, NEXT_QUARTER = "month", "next_month", "quarter", "next_quarter"
    MONTHS_FROM_NOW = {MONTH: (1, 0), NEXT_MONTH: (1, 1), QUARTER: (3, 0), NEXT_QUARTER: (3, 1)}
    CHOICES = [
        ("", _("Any time")),
        (OVERDUE, _("Date passed")),
        (PUT_OFF, _("Date put off")),
        (MONTH, _("This month")),
        (NEXT_MONTH, _("Next month")),
        (QUARTER, _("This quarter")),
        (NEXT_QUARTER, _("Next quarter")),
        (UNDATED, _("No date yet")),
    ]


SOONEST_CLOSE_FIRST = Order("close", _("Expected close"), DAY, "expected_close", attrgetter("expected_close"))
ORDERS = [
    MANUAL,
    next_step_first(DealActivity.objects.planned().filter(deal=OuterRef("pk"))),
    worth_most_first("base_amount"),
    LONGEST_HERE_FIRST,
    SOONEST_CLOSE_FIRST,
]


class DealFilter(FilterForm):
    """What a board shows of its pipeline, and in which order."""

    beside = ("deal", "after", "all")
    arranges = ("sort",)
    in_sight = ("q", "mine", "attention")

    q = forms.CharField(required=False, max_length=100, label=_("Search"))
    mine = forms.BooleanField(required=False, label=_("Mine"))
    attention = forms.BooleanField(required=False, label=_("Needs attention"))
    owner = forms.ModelChoiceField(User.objects.none(), required=False, label=_("Owner"), empty_label=_("Anyone"))
    team = forms.ModelChoiceField(Team.objects.none(), required=False, label=_("Team"), empty_label=_("All teams"))
    value_from = AmountField(label=_("Value from"))
    value_to = AmountField(label=_("Value to"))
    closes = forms.ChoiceField(required=False, choices=Closes.CHOICES, label=_("Expected close"))
    closes_from = forms.DateField(required=False, label=_("Closes from"), widget=date_input())
    closes_to = forms.DateField(required=False, label=_("Closes until"), widget=date_input())
    source = forms.ModelChoiceField(
        Source.objects.none(), required=False, label=_("Source"), empty_label=_("Any source")
    )
    deal_type = forms.ChoiceField(required=False, choices=[("", _("Any type")), *DealType.choices], label=_("Type"))
    tag = PlainTextField(required=False, max_length=40, label=_("Tag"))
    second_try = forms.BooleanField(required=False, label=_("Second try"))
    sort = forms.ChoiceField(
        required=False, choices=[(order.name, order.label) for order in ORDERS], label=_("Sort by")
    )

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

    @property
    def of_board(self) -> str:
        """What the board understands of it."""
        return self.query()

    @property
    def order(self) -> Order:
        return next(order for order in ORDERS if order.name == self.cleaned_data["sort"])

    def clean(self):
        data = super().clean()
        for start, end in (("value_from", "value_to"), ("closes_from", "closes_to")):
            if None not in (data.get(start), data.get(end)) and data[start] > data[end]:
                self.add_error(end, _("This is before the beginning of the range."))
        return data

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
        for name, lookup in LOOKUPS.items():
            if name in chosen:
                deals = deals.filter(**{lookup: chosen[name]})
        if "tag" in chosen:
            deals = deals.filter(tags__contains=[chosen["tag"]])
        if "closes" in chosen:
            deals = _closing(deals, chosen["closes"], today)
        if chosen.get("attention"):
            deals = deals.filter(needs_attention(at=at, today=today))
        return deals


class Status:
    """Which deals a list shows by how they stand."""

    OPEN, WON, LOST, ALL = "open", "won", "lost", "all"
    CHOICES = [("", _("Open")), (WON, _("Won")), (LOST, _("Lost")), (ALL, _("Open and closed"))]


class TableFilter(DealFilter):
    """The filter of the board, for a list: closed deals too, one stage, and any column to order by."""

    beside = (*DealFilter.beside, "page")
    arranges = ("sort", "order")
    OF_THE_LIST = ("status", "stage", "order")
    COLUMNS = (
        "name", "title", "stage", "value", "chance", "weighted", "close", "next", "days", "owner", "source", "tags",
    )  # fmt: skip

    status = forms.ChoiceField(required=False, choices=Status.CHOICES, label=_("Status"))
    stage = forms.ModelChoiceField(Stage.objects.none(), required=False, label=_("Stage"), empty_label=_("Any stage"))
    order = forms.RegexField(rf"^-?({'|'.join(COLUMNS)})$", required=False, label=_("Order"))

    def __init__(self, *args, pipeline: Pipeline | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["stage"].queryset = pipeline.stages.in_use() if pipeline else Stage.objects.in_use()

    @property
    def column(self) -> str:
        return self.cleaned_data["order"].removeprefix("-") or "value"

    @property
    def falls(self) -> bool:
        """Whether the largest come first."""
        order = self.cleaned_data["order"]
        return order.startswith("-") if order else True

    @property
    def of_board(self) -> str:
        """What the board understands of it."""
        return self.query(**dict.fromkeys(self.OF_THE_LIST))

    def apply(self, deals, *, user, at: datetime, today: date):
        chosen = self.chosen
        if "stage" in chosen:
            deals = deals.filter(stage=chosen["stage"])
        elif (status := chosen.get("status", Status.OPEN)) != Status.ALL:
            deals = deals.filter(stage__kind=status)
        return super().apply(deals, user=user, at=at, today=today)


LOOKUPS = {
    "owner": "owner",
    "team": "team",
    "deal_type": "deal_type",
    "source": "lead__source",
    "value_from": "base_amount__gte",
    "value_to": "base_amount__lte",
    "closes_from": "expected_close__gte",
    "closes_to": "expected_close__lte",
}


def needs_attention(*, at: datetime, today: date) -> Q:
    """Open, and stalled, without a next step, or with one that is overdue."""
    planned = DealActivity.objects.filter(deal=OuterRef("pk"), done_at=None)
    stalled = Q(stage__norm__n__gte=ENOUGH_PASSAGES) & older_than("stage__norm__p85_days", at)
    waits = stalled | ~Q(Exists(planned)) | Q(Exists(planned.filter(due_on__lt=today)))
    return Q(stage__kind=StageKind.OPEN) & waits


def _closing(deals, period: str, today: date):
    return chances.pushed(deals) if period == Closes.PUT_OFF else deals.filter(**closing_in(period, today))


def closing_in(period: str, today: date) -> dict:
    """The condition of that period; months and quarters begin on their first day."""
    if period == Closes.OVERDUE:
        return {"expected_close__lt": today, "stage__kind": StageKind.OPEN}
    if period == Closes.UNDATED:
        return {"expected_close": None}
    months, ahead = Closes.MONTHS_FROM_NOW[period]
    first = today.replace(day=1, month=today.month - (today.month - 1) % months)
    for _each in range(ahead):
        first = after_months(first, months)
    return {"expected_close__gte": first, "expected_close__lt": after_months(first, months)}


def after_months(first: date, months: int) -> date:
    """The first day of the month that many months later."""
    return (first + timedelta(days=31 * months)).replace(day=1)
