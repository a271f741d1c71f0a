"""What people type about themselves, their colleagues and their company, cleaned."""

from decimal import Decimal
from urllib.parse import parse_qsl, urlencode

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import Company, Role, SavedView, Team, Theme, User
from pipeline_crm.accounts.models.saved_view import LONGEST_QUERY
from pipeline_crm.foundation import money
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.forms import PlainTextField, TimeZoneField

NOT_OF_A_VIEW = {"all", "page", "deal", "lead", "after"}


class ProfileForm(forms.Form):
    name = PlainTextField(label=_("Name"), max_length=120)
    theme = forms.ChoiceField(label=_("Appearance"), choices=Theme.choices)
    time_zone = TimeZoneField(label=_("Time zone"), required=False, empty_label=_("The company's"))
    language = forms.ChoiceField(label=_("Language"), required=False)
    single_keys = forms.BooleanField(
        label=_("Single-key shortcuts on the boards"),
        required=False,
        help_text=_("Letters such as M or Z act on the card in focus. Switch them off if you speak to your computer."),
    )
    told_by_mail = forms.BooleanField(
        label=_("Tell me by mail as well"),
        required=False,
        help_text=_("When a lead is handed to you, or waits too long."),
    )
    told_weekly = forms.BooleanField(
        label=_("Write to me each Monday what Insight found"),
        required=False,
        help_text=_("For those who lead a team: every finding in a sentence, with the way to its page."),
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [("", _("The browser's")), *settings.LANGUAGES]

    @classmethod
    def of(cls, user: User) -> "ProfileForm":
        return cls(initial={name: getattr(user, name) for name in cls.base_fields})


class ThemeForm(forms.Form):
    theme = forms.ChoiceField(choices=Theme.choices)


class CompanyForm(forms.Form):
    name = PlainTextField(label=_("Company"), max_length=120, required=False)
    base_currency = forms.ChoiceField(
        label=_("Base currency"),
        choices=money.choices,
        help_text=_("Sums are shown in it. It stays once amounts are kept in it."),
    )
    time_zone = TimeZoneField(label=_("Time zone"), help_text=_("Where the company's days begin and end."))
    fiscal_year_start_month = forms.TypedChoiceField(
        label=_("Fiscal year starts in"), choices=MONTHS.items(), coerce=int
    )
    freeze_weekday = forms.TypedChoiceField(
        label=_("Judgements freeze on"),
        choices=WEEKDAYS.items(),
        coerce=int,
        help_text=_(
            "What people expect to win stands for the week from this hour on; later words are of the next week."
        ),
    )
    freeze_hour = forms.TypedChoiceField(
        label=_("At"), choices=[(hour, f"{hour}:00") for hour in range(24)], coerce=int
    )

    @classmethod
    def of(cls, company: Company) -> "CompanyForm":
        return cls(initial={name: getattr(company, name) for name in cls.base_fields})


class RateForm(forms.Form):
    currency = forms.ChoiceField(label=_("Currency"))
    on = forms.DateField(label=_("From"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    rate = forms.DecimalField(
        label=_("Worth in base currency"),
        max_digits=18,
        decimal_places=8,
        min_value=Decimal("0.00000001"),
        localize=False,
    )

    def __init__(self, *args, base_currency: str, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].choices = [pair for pair in money.choices() if pair[0] != base_currency]
        self.fields["on"].initial = timezone.localdate
        self.fields["rate"].widget.attrs["step"] = "any"


class InvitationForm(forms.Form):
    name = PlainTextField(label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(label=_("E-mail"), widget=forms.EmailInput(attrs={"autocomplete": "off"}))
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.all(), empty_label=None)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class MembershipForm(forms.Form):
    team = forms.ModelChoiceField(label=_("Team"), queryset=Team.objects.all(), empty_label=None)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class TeamForm(forms.Form):
    name = PlainTextField(label=_("Name of the team"), max_length=80)


class ViewForm(forms.Form):
    """What a saved view is called, who else sees it, and whether it opens first."""

    name = PlainTextField(
        label=_("Name"), max_length=60, widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"})
    )
    team = forms.ModelChoiceField(
        label=_("Share with"), queryset=Team.objects.none(), required=False, empty_label=_("Only me")
    )
    opens_first = forms.BooleanField(label=_("Open it first when I come here"), required=False)

    def __init__(self, *args, user: User, view: SavedView | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        shared = [view.shared_with_team_id] if view else []
        self.fields["team"].queryset = Team.objects.filter(pk__in=[*user.team_ids, *shared])

    def refuse(self, refusal: Refusal) -> None:
        """Say beside its field why the domain declined."""
        self.add_error(refusal.facts["fields"][0], str(refusal))


class NewViewForm(ViewForm):
    """A new one: of which page, and what the page is asked for."""

    page = forms.RegexField(r"^/([a-z0-9-]+/)+$", max_length=80, widget=forms.HiddenInput)
    query = forms.CharField(max_length=LONGEST_QUERY, required=False, widget=forms.HiddenInput)

    field_order = ["name", "team", "opens_first"]

    def clean_query(self) -> str:
        """Only what filters and arranges; where the page was opened or scrolled to is no part of a view."""
        asked = parse_qsl(self.cleaned_data["query"].lstrip("?"))
        kept = [(name, value) for name, value in asked if name not in NOT_OF_A_VIEW]
        return urlencode(kept) or "all=1"
