"""What people send about leads. Forms clean; the domain decides."""

from collections.abc import Collection, Iterable

from django import forms
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import User
from pipeline_crm.foundation import money
from pipeline_crm.foundation.forms import (
    AmountField,
    CardsForm,
    PlainTextField,
    RememberingForm,
    WhenField,
    date_input,
)

from .domain import checking, together
from .domain.recognising import Newcomer
from .models import OPEN_STAGES, ActivityKind, Criterion, Lead, LeadStage, Said, Source

ENDS = (LeadStage.DISQUALIFIED, LeadStage.UNSUBSCRIBED)


class MoveForm(forms.Form):
    """Where a lead goes: a stage or an end, its neighbours there, the version seen, and why it is refused."""

    to = forms.ChoiceField(choices=[(stage.value, stage.label) for stage in (*OPEN_STAGES, *ENDS)])
    after = forms.IntegerField(required=False)
    before = forms.IntegerField(required=False)
    version = forms.IntegerField(required=False)
    move_id = forms.UUIDField(required=False)
    reason = PlainTextField(required=False, max_length=200)
    at = WhenField()


class ChecklistForm(forms.Form):
    """What is known of each criterion, `criterion_<id>` and `note_<id>`; only what was sent counts."""

    def __init__(self, *args, items: Iterable[checking.Item], ask_for: Collection[Criterion] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.items = [item for item in items if not ask_for or item.criterion in ask_for]
        for item in self.items:
            name, label = checking.field_of(item.criterion), item.criterion.name
            self.fields[name] = forms.ChoiceField(
                label=label, help_text=item.criterion.question, choices=Said.choices, required=False, initial=item.said
            )
            self.fields[name].widget = forms.RadioSelect(choices=Said.choices)
            self.fields[self.note_of(item)] = PlainTextField(
                label=_("Note on %(name)s") % {"name": label},
                max_length=300,
                required=False,
                initial=item.answer.note if item.answer else "",
            )

    @staticmethod
    def note_of(item: checking.Item) -> str:
        return f"note_{item.criterion.pk}"

    @property
    def rows(self):
        """Each line of the checklist with its two fields."""
        return [(item, self[checking.field_of(item.criterion)], self[self.note_of(item)]) for item in self.items]

    def told(self) -> dict[int, checking.Told]:
        """What was said, by criterion. A note without an answer says that it is not known, and what is known."""
        told = {}
        for item in self.items:
            said, note = checking.field_of(item.criterion), self.note_of(item)
            if said not in self.data and not self.data.get(note):
                continue
            if all(self.data.get(name, "") == self.data.get(self.add_initial_prefix(name)) for name in (said, note)):
                continue  # left as it was shown: a colleague may have found out more meanwhile
            told[item.criterion.pk] = checking.Told(self.cleaned_data[said] or item.said, self.cleaned_data[note])
        return told


class UndoForm(forms.Form):
    """The version that was seen, and the neighbours the card had before its step."""

    version = forms.IntegerField(required=False)
    after = forms.IntegerField(required=False)
    before = forms.IntegerField(required=False)


class NewLeadForm(forms.Form):
    """Who it is, and where they came from."""

    name = PlainTextField(label=_("Person"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    phone = PlainTextField(label=_("Phone"), max_length=40, required=False)
    organisation = PlainTextField(label=_("Company"), max_length=200, required=False)
    source = forms.ModelChoiceField(Source.objects.all(), label=_("Source"), required=False)
    title = PlainTextField(label=_("What is it about?"), max_length=200, required=False)
    value = AmountField(label=_("Possible value"))
    currency = forms.ChoiceField(label=_("Currency"), choices=money.choices, required=False)
    join = forms.IntegerField(required=False)
    seen = forms.CharField(required=False, max_length=200)

    def clean_seen(self) -> set[int]:
        """The leads that were shown as perhaps the same, by whoever adds one all the same."""
        return {int(pk) for pk in self.cleaned_data["seen"].split(",") if pk.isdecimal()}

    def clean(self):
        data = super().clean()
        if not (data.get("organisation") or data.get("name") or data.get("email")):
            raise forms.ValidationError(_("Name a person, an e-mail address or a company."))
        return data

    def facts(self) -> dict:
        """What is known of the lead that is added."""
        named = {name: value for name, value in self.cleaned_data.items() if name not in ("join", "seen")}
        return {name: value for name, value in named.items() if value not in (None, "")}

    def said(self) -> Newcomer:
        return Newcomer(**{name: self.cleaned_data[name] for name in ("name", "email", "phone", "organisation")})


class FactsForm(RememberingForm):
    """The facts of a lead, changed one or several at a time."""

    value = AmountField()
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    tags = forms.CharField(label=_("Tags"), required=False, max_length=400, help_text=_("Separated by commas"))

    class Meta:
        model = Lead
        fields = ["title", "value", "currency", "owner", "source", "contact_again_on"]
        widgets = {"contact_again_on": date_input()}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["currency"] = forms.ChoiceField(label=_("Currency"), choices=money.choices)
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.initial["tags"] = ", ".join(self.instance.tags)
        self.initial["version"] = self.instance.version
        if self.instance.stage != LeadStage.WAITING:
            del self.fields["contact_again_on"]

    def clean_tags(self):
        return [tag.strip()[:40] for tag in self.cleaned_data["tags"].split(",") if tag.strip()]

    def _post_clean(self):
        """The domain writes the lead, not the form."""

    def sent(self) -> dict:
        """Only the fields that came with the request: a form may carry one fact or all."""
        return {name: value for name, value in self.cleaned_data.items() if name in self.data and name != "version"}


class OrganisationForm(forms.Form):
    """The facts of an organisation that reports cut by."""

    sector = PlainTextField(label=_("Sector"), max_length=100, required=False)
    employees = forms.IntegerField(label=_("Employees"), min_value=0, max_value=10_000_000, required=False)
    country = PlainTextField(label=_("Country"), max_length=100, required=False)
    domain = PlainTextField(label=_("Web domain"), max_length=200, required=False)


class ActivityForm(forms.Form):
    """A next step to plan."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=[choice for choice in ActivityKind.choices if choice[0] != "note"]
    )
    subject = PlainTextField(label=_("What"), max_length=200, required=False)
    due_on = forms.DateField(label=_("When"), widget=date_input())


class OutcomeForm(forms.Form):
    outcome = forms.CharField(required=False, max_length=10_000)


class RescheduleForm(forms.Form):
    due_on = forms.DateField(label=_("When"), widget=date_input())


class NoteForm(forms.Form):
    text = forms.CharField(
        label=_("Note"),
        max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 1, "placeholder": _("Write a note, log a call…")}),
    )


class CorrectionForm(forms.Form):
    """A later word about a step: it never happened, or it happened on another day."""

    kind = forms.ChoiceField(choices=[("void", _("It never happened")), ("redate", _("It happened on another day"))])
    seq = forms.IntegerField(min_value=1)
    occurred_at = WhenField(label=_("On"), today_is_now=False)
    reason = PlainTextField(label=_("Reason"), max_length=200)

    def clean(self):
        data = super().clean()
        if data.get("kind") == "redate" and not data.get("occurred_at") and "occurred_at" not in self.errors:
            self.add_error("occurred_at", _("Name the day on which it happened."))
        return data


class TogetherForm(CardsForm):
    """What happens to several leads at once, and the fields that act needs."""

    NEEDS = {
        together.MOVE: ["to"],
        together.OWNER: ["owner"],
        together.PLAN: ["kind", "due_on"],
        together.DISQUALIFY: ["reason"],
    }

    to = forms.ChoiceField(label=_("Stage"), choices=[("", ""), *MoveForm.base_fields["to"].choices], required=False)
    reason = PlainTextField(label=_("Reason"), required=False, max_length=200)
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Owner"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=ActivityForm.base_fields["kind"].choices, required=False)
    subject = PlainTextField(label=_("What"), max_length=200, required=False)
    due_on = forms.DateField(label=_("When"), widget=date_input(), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
