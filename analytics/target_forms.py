"""What is typed about targets, cleaned."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from deals.models import Pipeline
from pipeline_crm.accounts.models import Company, Team, User
from pipeline_crm.foundation.forms import AmountField, PlainTextField

from . import fiscal, rules


class TargetForm(forms.Form):
    """A manager chooses among the teams and people they lead; the whole pipeline is chosen by choosing neither."""

    pipeline = forms.ModelChoiceField(Pipeline.objects.none(), label=_("Pipeline"), empty_label=None)
    period = forms.ChoiceField(label=_("Period"))
    team = forms.ModelChoiceField(
        Team.objects.none(), label=_("Team"), required=False, empty_label=_("The whole pipeline")
    )
    owner = forms.ModelChoiceField(
        User.objects.none(), label=_("Person"), required=False, empty_label=_("Nobody alone")
    )
    amount = AmountField(required=True, min_value=Decimal("0.01"))
    reason = PlainTextField(label=_("Why"), max_length=200, required=False, help_text=_("Kept in the history."))

    def __init__(self, *args: Any, user: User, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        company = Company.get()
        month = company.fiscal_year_start_month
        self._periods = {period.key: period for period in fiscal.coming(today, first_month=month)}
        self.fields["pipeline"].queryset = Pipeline.objects.visible_to(user).order_by("-is_default", "name")
        self.fields["period"].choices = [
            (key, fiscal.name(period, first_month=month)) for key, period in self._periods.items()
        ]
        teams = Team.objects.all() if user.is_admin else Team.objects.filter(pk__in=rules.teams_of(user))
        self.fields["team"].queryset = teams
        people = User.objects.filter(is_active=True, memberships__team__in=teams).distinct()
        self.fields["owner"].queryset = people
        self.fields["amount"].label = _("To be won, in %(currency)s") % {"currency": company.base_currency}

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        period = self._periods.get(data.pop("period", ""))
        if period:
            data |= {"starts_on": period.start, "ends_on": period.end}
        return data
