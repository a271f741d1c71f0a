"""What the marketing board is narrowed to."""

from datetime import date, datetime, time, timedelta
from operator import attrgetter
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Exists, OuterRef, Q, Subquery
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import Company, Team, User
from pipeline_crm.foundation.board import LONGEST_HERE_FIRST, MANUAL, next_step_first, worth_most_first
from pipeline_crm.foundation.filters import FilterForm
from pipeline_crm.foundation.forms import AmountField, PlainTextField
from pipeline_crm.foundation.ordering import COUNT, Order

from .models import OPEN_STAGES, Basis, Consent, LeadActivity, Purpose, Source, Touch
from .models.score import HIGHEST

ORDERS = [
    MANUAL,
    next_step_first(LeadActivity.objects.planned().filter(lead=OuterRef("pk"))),
    worth_most_first("value"),
    LONGEST_HERE_FIRST,
    Order("score", _("Score"), COUNT, "score", attrgetter("score"), descending=True),
]
NOTHING = "nothing"


class LeadFilter(FilterForm):
    """What the marketing board shows, and in which order."""

    beside = ("lead", "after", "all")
    arranges = ("sort",)
    in_sight = ("q", "mine", "recycled")

    q = forms.CharField(required=False, max_length=100, label=_("Search"))
    mine = forms.BooleanField(required=False, label=_("Mine"))
    recycled = forms.BooleanField(required=False, label=_("Recycled"))
    owner = forms.ModelChoiceField(User.objects.none(), required=False, label=_("Owner"), empty_label=_("Anyone"))
    team = forms.ModelChoiceField(Team.objects.none(), required=False, label=_("Team"), empty_label=_("All teams"))
    source = forms.ModelChoiceField(
        Source.objects.none(), required=False, label=_("Source"), empty_label=_("Any source")
    )
    value_from = AmountField(label=_("Value from"))
    value_to = AmountField(label=_("Value to"))
    tag = PlainTextField(required=False, max_length=40, label=_("Tag"))
    stage = forms.ChoiceField(
        required=False,
        label=_("Stage"),
        choices=[("", _("Any stage")), *((one.value, one.label) for one in OPEN_STAGES)],
    )
    consent = forms.ChoiceField(
        required=False,
        label=_("May be written to about"),
        choices=[("", _("Anyone")), *Purpose.choices, (NOTHING, _("nothing"))],
    )
    score_from = forms.IntegerField(required=False, min_value=0, max_value=HIGHEST, label=_("Score from"))
    score_to = forms.IntegerField(required=False, min_value=0, max_value=HIGHEST, label=_("Score to"))
    touched_within = forms.IntegerField(required=False, min_value=1, max_value=3650, label=_("Last touch within days"))
    untouched_for = forms.IntegerField(required=False, min_value=1, max_value=3650, label=_("No touch for days"))
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
    def order(self) -> Order:
        return next(order for order in ORDERS if order.name == self.cleaned_data["sort"])

    @property
    def in_words(self) -> list[tuple[str, str, str]]:
        """What is chosen, in sight or out of it: (field, label, words)."""
        return [
            (name, str(self.fields[name].label), self._in_words(name, value)) for name, value in self.chosen.items()
        ]

    def clean(self):
        data = super().clean()
        if None not in (data.get("value_from"), data.get("value_to")) and data["value_from"] > data["value_to"]:
            self.add_error("value_to", _("This is before the beginning of the range."))
        if None not in (data.get("score_from"), data.get("score_to")) and data["score_from"] > data["score_to"]:
            self.add_error("score_to", _("This is before the beginning of the range."))
        return data

    def apply(self, leads, *, user, today: date):
        """The leads of the queryset that the filter admits."""
        chosen = self.chosen
        for word in chosen.get("q", "").split():
            leads = leads.filter(
                Q(title__icontains=word)
                | Q(organisation__name__icontains=word)
                | Q(person__name__icontains=word)
                | Q(person__email__icontains=word)
            )
        if chosen.get("mine"):
            leads = leads.filter(owner=user)
        if chosen.get("recycled"):
            leads = leads.filter(attempt__gt=1)
        for name, lookup in LOOKUPS.items():
            if name in chosen:
                leads = leads.filter(**{lookup: chosen[name]})
        if "tag" in chosen:
            leads = leads.filter(tags__contains=[chosen["tag"]])
        if "touched_within" in chosen:
            leads = leads.filter(_touched_since(today - timedelta(days=chosen["touched_within"])))
        if "untouched_for" in chosen:
            leads = leads.filter(~_touched_since(today - timedelta(days=chosen["untouched_for"])))
        if "consent" in chosen:
            leads = leads.filter(_consented(chosen["consent"]))
        return leads


LOOKUPS = {
    "owner": "owner",
    "team": "team",
    "source": "source",
    "value_from": "value__gte",
    "value_to": "value__lte",
    "stage": "stage",
    "score_from": "score__gte",
    "score_to": "score__lte",
}


def _touched_since(day: date) -> Q:
    """Whether the lead, or its person elsewhere, has been touched since the beginning of that day."""
    since = datetime.combine(day, time(0), ZoneInfo(Company.get().time_zone))
    touches = Touch.objects.filter(at__gte=since)
    by_person = touches.filter(person=OuterRef("person"))
    return Q(Exists(touches.filter(lead=OuterRef("pk")))) | Q(Exists(by_person))


def _consented(purpose: str) -> Q:
    """Whether the newest word of the lead's person about the purpose lets us write; `NOTHING`: about none of them."""
    if purpose == NOTHING:
        about_any = Q()
        for one in Purpose.values:
            about_any |= _consented(one)
        return ~about_any
    newest = Consent.objects.filter(person=OuterRef(OuterRef("person")), purpose=purpose).order_by("-id")
    lets = Consent.objects.exclude(basis=Basis.WITHDRAWN).filter(pk=Subquery(newest.values("pk")[:1]))
    return Q(Exists(lets))
