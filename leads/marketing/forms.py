"""What people send on the pages of marketing. Forms clean; the domain decides."""

from decimal import Decimal

from django import forms
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import Company, User
from pipeline_crm.foundation import money
from pipeline_crm.foundation.forms import AmountField, PlainTextField, date_input

from ..domain.collecting import CAMPAIGN
from ..domain.contacting import ruling
from ..models import (
    Basis,
    Cadence,
    CadenceStep,
    Campaign,
    DistanceRules,
    Lead,
    LeadForm,
    MailTemplate,
    Purpose,
    ScoreFact,
    StepKind,
    TouchKind,
)
from ..models.score import HIGHEST


class DistanceForm(forms.ModelForm):
    """How near marketing may come to people."""

    days = forms.TypedMultipleChoiceField(
        label=_("Days"), choices=list(WEEKDAYS.items()), coerce=int, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = DistanceRules
        fields = sorted(ruling.RULED_BY)
        widgets = {
            "opens": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "closes": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }
        help_texts = {
            "opens": _("By the clock where the person is."),
            "quiet_after_loss_days": _("Counted from the day the deal was lost, for everyone in the organisation."),
            "open_deal_pauses": _("The deal's owner can allow marketing on the deal."),
            "counts_clicks": _("Links of mails then lead through this server. Holds for mails written from now on."),
        }

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.validators += DistanceRules._meta.get_field(name).validators

    def _post_clean(self) -> None:
        """The domain writes the rules, not the form."""


class HolidayForm(forms.Form):
    on = forms.DateField(label=_("Day"), widget=date_input())
    name = PlainTextField(label=_("Name"), max_length=80)
    country = PlainTextField(
        label=_("Country"),
        max_length=100,
        required=False,
        help_text=_("As the companies there are recorded; empty: everywhere."),
    )


class TemplateForm(forms.Form):
    """The words of a mail."""

    name = PlainTextField(label=_("Name"), max_length=80, help_text=_("Only you and your colleagues see it."))
    purpose = forms.ChoiceField(label=_("Purpose"), choices=Purpose.choices)
    subject = PlainTextField(label=_("Subject"), max_length=200)
    body = forms.CharField(
        label=_("Text"),
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 14}),
        help_text=_("An empty line begins a paragraph, a dash a line of a list. Web addresses become links."),
    )

    @classmethod
    def of(cls, template: MailTemplate) -> "TemplateForm":
        return cls(initial={name: getattr(template, name) for name in cls.base_fields})


class PreviewForm(forms.Form):
    """On which lead a template is tried: one of the newest that can be written to."""

    lead = forms.TypedChoiceField(label=_("Try it on"), coerce=int)

    def __init__(self, *args, user, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        written_to = Lead.objects.open().visible_to(user).exclude(person=None).exclude(person__email="")
        self.leads = {
            lead.pk: lead for lead in written_to.select_related("person", "organisation", "owner").order_by("-id")[:50]
        }
        self.fields["lead"].choices = [(pk, str(lead)) for pk, lead in self.leads.items()]

    def clean_lead(self) -> Lead:
        return self.leads[self.cleaned_data["lead"]]


class MailForm(forms.Form):
    """Which mail a lead is sent."""

    template = forms.ModelChoiceField(MailTemplate.objects.none(), label=_("Template"), empty_label=None)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = MailTemplate.objects.filter(archived_at=None)


class ConsentForm(forms.Form):
    """What somebody agreed to, and what shows it."""

    purposes = forms.MultipleChoiceField(
        label=_("May be written to about"), choices=Purpose.choices, widget=forms.CheckboxSelectMultiple
    )
    basis = forms.ChoiceField(
        label=_("Because of"), choices=[choice for choice in Basis.choices if choice[0] != Basis.WITHDRAWN]
    )
    words = forms.CharField(
        label=_("How do we know?"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("The words agreed to and when, or why our interest outweighs theirs."),
    )


class LeavingForm(forms.Form):
    """Which of what somebody receives they still want; nothing chosen, nothing. To agree to more is not done here."""

    purposes = forms.MultipleChoiceField(
        label=_("I would still like to receive"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args, wanted: list[Purpose], **kwargs) -> None:
        super().__init__(*args, initial={"purposes": wanted}, **kwargs)
        self.fields["purposes"].choices = [(purpose.value, purpose.label) for purpose in wanted]


class CadenceForm(forms.Form):
    name = PlainTextField(label=_("Name"), max_length=80)


class StepForm(forms.Form):
    """One step of a cadence: a mail from a template, or a call or task in words."""

    kind = forms.ChoiceField(label=_("Step"), choices=StepKind.choices)
    wait_days = forms.IntegerField(
        label=_("Days after the step before"),
        min_value=0,
        max_value=365,
        initial=3,
        help_text=_("At least; distance can make it more."),
    )
    template = forms.ModelChoiceField(
        MailTemplate.objects.none(), label=_("Template"), required=False, empty_label=_("None (a call or a task)")
    )
    subject = PlainTextField(
        label=_("What is to be done"), max_length=200, required=False, help_text=_("For a call or a task.")
    )

    def __init__(self, *args, step: CadenceStep | None = None, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["template"].queryset = MailTemplate.objects.filter(archived_at=None)
        if step:
            del self.fields["kind"]
            del self.fields["subject" if step.kind == StepKind.MAIL else "template"]


class EnrolmentForm(forms.Form):
    """Which cadence a lead begins."""

    cadence = forms.ModelChoiceField(Cadence.objects.none(), label=_("Cadence"), empty_label=None)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cadence"].queryset = Cadence.objects.filter(archived_at=None)


class ParagraphsField(forms.CharField):
    """Several lines of text without control characters or halves of signs, which PostgreSQL refuses."""

    def to_python(self, value):
        text = super().to_python(value).replace("\r\n", "\n").replace("\r", "\n")
        if any((ord(sign) < 32 and sign not in "\n\t") or 0xD800 <= ord(sign) <= 0xDFFF for sign in text):
            raise forms.ValidationError(_("Please use letters, digits and signs only."), code="control_characters")
        return text


class PlainEmailField(forms.EmailField):
    """An address; halves of signs and control characters are no part of one."""

    def clean(self, value):
        if isinstance(value, str) and any(ord(sign) < 33 or ord(sign) > 126 for sign in value.strip()):
            raise forms.ValidationError(_("Enter a valid email address."), code="invalid")
        return super().clean(value)


class CaptureForm(forms.Form):
    """What a visitor of somebody's page fills in. Robots also fill in `website`, which people do not see."""

    name = PlainTextField(label=_("Name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = PlainEmailField(label=_("E-mail"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    phone = PlainTextField(
        label=_("Phone"), max_length=40, required=False, widget=forms.TextInput(attrs={"autocomplete": "tel"})
    )
    organisation = PlainTextField(
        label=_("Company"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    message = ParagraphsField(
        label=_("Message"), max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    agreed = forms.BooleanField(required=False)
    website = forms.CharField(required=False, max_length=200, label=_("Leave this empty"))

    def __init__(self, *args, form: LeadForm, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["agreed"].label = form.consent_words
        if not form.asks_phone:
            del self.fields["phone"]

    def said(self) -> dict:
        return {name: value for name, value in self.cleaned_data.items() if name != "website"}


class CampaignForm(forms.Form):
    """From which campaign somebody came, as the address of the page says."""

    page = PlainTextField(required=False, max_length=500)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        for name in CAMPAIGN:
            self.fields[name] = PlainTextField(required=False, max_length=100)

    def known(self) -> tuple[str, dict[str, str]]:
        """The page, and what is known of the campaign; what makes no sense is left out, never refused."""
        self.is_valid()
        kept = {name: value for name, value in self.cleaned_data.items() if value}
        return kept.pop("page", ""), kept


class LeadFormForm(forms.ModelForm):
    """A form for other people's pages, as a marketer sets it."""

    origins = ParagraphsField(
        label=_("Sites that may show it"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "placeholder": "https://www.example.com"}),
        help_text=_("One a line. On no other page it is shown in a frame."),
    )

    class Meta:
        model = LeadForm
        fields = [
            "name", "heading", "thanks", "asks_phone", "purpose", "consent_words", "double_opt_in", "origins", "source",
            "team", "owner",
        ]  # fmt: skip

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.initial["origins"] = "\n".join(self.instance.origins)
        self.fields["owner"].queryset = User.objects.filter(is_active=True)

    def clean_origins(self) -> list[str]:
        return [line.strip().rstrip("/").lower() for line in self.cleaned_data["origins"].splitlines() if line.strip()]

    def _post_clean(self) -> None:
        """The domain writes the form, not this one."""


class CampaignFactsForm(forms.ModelForm):
    """A campaign as a marketer describes it."""

    name = PlainTextField(label=_("Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    word = PlainTextField(
        label=_("utm_campaign in its links"),
        max_length=100,
        required=False,
        help_text=_(
            "Who comes by a link with this word came by the campaign. Empty: whoever its source brings in its days."
        ),
    )

    class Meta:
        model = Campaign
        fields = ["name", "word", "source", "starts_on", "ends_on"]
        widgets = {"starts_on": date_input(), "ends_on": date_input()}

    def _post_clean(self) -> None:
        """The domain writes the campaign, not this form."""


class CostForm(forms.Form):
    """What was spent on a campaign, on a day."""

    on = forms.DateField(label=_("Day"), widget=date_input(), initial=timezone.localdate)
    amount = AmountField(label=_("Amount"), required=True, min_value=Decimal("0.01"))
    currency = forms.ChoiceField(label=_("Currency"), choices=money.choices)
    what = PlainTextField(label=_("What for"), max_length=120, required=False)

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["currency"].initial = Company.get().base_currency


class FitRuleForm(forms.Form):
    """Points for who a lead is."""

    about = forms.ChoiceField(label=_("For"), choices=[one for one in ScoreFact.choices if one[0] != ScoreFact.TOUCH])
    words = PlainTextField(
        label=_("Which"),
        max_length=200,
        required=False,
        help_text=_("Alternatives are divided by commas. A role only has to contain one of them."),
    )
    at_least = forms.IntegerField(label=_("Employees from"), min_value=0, max_value=10_000_000, required=False)
    at_most = forms.IntegerField(label=_("to"), min_value=0, max_value=10_000_000, required=False)
    points = forms.IntegerField(label=_("Points"), min_value=-HIGHEST, max_value=HIGHEST, help_text=_("Minus takes."))

    def facts(self) -> dict:
        """Only what belongs to what the points are for."""
        data = self.cleaned_data
        is_size = data["about"] == ScoreFact.SIZE
        none = {"at_least": None, "at_most": None} if not is_size else {"words": ""}
        return data | none


class TouchRuleForm(forms.Form):
    """Points for each touch of a kind, and how they fade."""

    touch_kind = forms.ChoiceField(label=_("For each"), choices=TouchKind.choices)
    words = PlainTextField(
        label=_("About"), max_length=200, required=False, help_text=_("Alternatives are divided by commas; empty: any.")
    )
    points = forms.IntegerField(label=_("Points"), min_value=-HIGHEST, max_value=HIGHEST)
    half_life_days = forms.IntegerField(label=_("Half of it fades in days"), min_value=1, max_value=1000, initial=30)
    most = forms.IntegerField(
        label=_("At most, all together"),
        min_value=1,
        max_value=HIGHEST,
        required=False,
        help_text=_("Empty: no limit."),
    )

    def facts(self) -> dict:
        return {"about": ScoreFact.TOUCH, **self.cleaned_data}


class SegmentForm(forms.Form):
    """What a segment is called and what it does; who belongs to it, its filter says."""

    name = PlainTextField(label=_("Name"), max_length=80)
    cadence = forms.ModelChoiceField(
        Cadence.objects.none(), label=_("Puts its leads into"), required=False, empty_label=_("No cadence")
    )
    removes = forms.BooleanField(
        label=_("Takes them out again when they no longer belong to it"),
        required=False,
        help_text=_("Only those whom the segment has put in."),
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cadence"].queryset = Cadence.objects.filter(archived_at=None)
