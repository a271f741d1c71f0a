"""What the marketing board is narrowed to."""

from datetime import date
from operator import attrgetter

from django import forms
from django.db.models import OuterRef, Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import Team, User
from pipeline_crm.foundation.board import LONGEST_HERE_FIRST, MANUAL, next_step_first, worth_most_first
from pipeline_crm.foundation.filters import FilterForm
from pipeline_crm.foundation.forms import AmountField, PlainTextField
from pipeline_crm.foundation.ordering import COUNT, Order

from .models import LeadActivity, Source

ORDERS = [
    MANUAL,
    next_step_first(LeadActivity.objects.planned().filter(lead=OuterRef("pk"))),
    worth_most_first("value"),
    LONGEST_HERE_FIRST,
    Order("score", _("Score"), COUNT, "score", attrgetter("score"), descending=True),
]


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

    def clean(self):
        data = super().clean()
        if None not in (data.get("value_from"), data.get("value_to")) and data["value_from"] > data["value_to"]:
            self.add_error("value_to", _("This is before the beginning of the range."))
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
        return leads


LOOKUPS = {
    "owner": "owner",
    "team": "team",
    "source": "source",
    "value_from": "value__gte",
    "value_to": "value__lte",
}
