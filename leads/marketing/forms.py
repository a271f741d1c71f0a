"""What people send on the pages of marketing. Forms clean; the domain decides."""

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation.forms import PlainTextField, date_input

from ..domain.contacting import ruling
from ..models import Basis, Cadence, CadenceStep, DistanceRules, Lead, MailTemplate, Purpose, StepKind


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
    """What somebody still wants to hear about; nothing chosen, nothing."""

    purposes = forms.MultipleChoiceField(
        label=_("I would still like to receive"),
        choices=Purpose.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


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
