"""What the marketing board is narrowed to."""

from datetime import date

from django import forms
from django.db.models import Q
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import Team, User
from pipeline_crm.foundation.filters import FilterForm

from .models import Source


class LeadFilter(FilterForm):
    beside = ("lead", "after")

    q = forms.CharField(required=False, max_length=100, label=_("Search"))
    mine = forms.BooleanField(required=False, label=_("Mine"))
    recycled = forms.BooleanField(required=False, label=_("Recycled"))
    owner = forms.ModelChoiceField(User.objects.none(), required=False, label=_("Owner"), empty_label=_("Anyone"))
    team = forms.ModelChoiceField(Team.objects.none(), required=False, label=_("Team"), empty_label=_("All teams"))
    source = forms.ModelChoiceField(
        Source.objects.none(), required=False, label=_("Source"), empty_label=_("Any source")
    )
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
        for name in ("owner", "team", "source"):
            if name in chosen:
                leads = leads.filter(**{name: chosen[name]})
        if "tag" in chosen:
            leads = leads.filter(tags__contains=[chosen["tag"]])
        return leads
