"""What people send about deals. Forms clean; the domain decides."""

from collections.abc import Iterable

from django import forms
from django.core.validators import validate_email
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from leads.forms import ActivityForm, CorrectionForm, NoteForm, OrganisationForm, OutcomeForm, RescheduleForm, UndoForm
from leads.models import Lead, Source
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

from .domain import together
from .domain.admitting import ASKABLE, label_of
from .models import Deal, DealType, LostReason, Pipeline, Product, Stage, StageKind

__all__ = [
    "ActivityForm",
    "ClosureForm",
    "CorrectionForm",
    "FactsForm",
    "LineForm",
    "MoveForm",
    "NewDealForm",
    "NoteForm",
    "OrganisationForm",
    "OutcomeForm",
    "PipelineForm",
    "ProductForm",
    "ReasonForm",
    "RecyclingForm",
    "ReopeningForm",
    "RescheduleForm",
    "RetirementForm",
    "StageForm",
    "StageNameForm",
    "TogetherForm",
    "UndoForm",
]


def split_tags(written: str) -> list[str]:
    return [tag.strip()[:40] for tag in written.split(",") if tag.strip()]


class MoveForm(forms.Form):
    """Where a deal goes: a stage, the neighbours it is put between, and the version that was seen."""

    to = forms.ModelChoiceField(Stage.objects.none())
    after = forms.IntegerField(required=False)
    before = forms.IntegerField(required=False)
    version = forms.IntegerField(required=False)
    move_id = forms.UUIDField(required=False)
    at = WhenField()

    def __init__(self, *args, deal: Deal, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = deal.pipeline.stages.in_use()


class ClosureForm(forms.Form):
    """How a deal ended. Lost needs a reason; the day to contact again sends the lead back to nurturing."""

    outcome = forms.ChoiceField(choices=[(StageKind.WON, _("Won")), (StageKind.LOST, _("Lost"))])
    reason = forms.ModelChoiceField(LostReason.objects.none(), required=False)
    note = forms.CharField(required=False, max_length=10_000)
    recycle = forms.BooleanField(required=False)
    contact_again_on = forms.DateField(required=False, widget=date_input())
    version = forms.IntegerField(required=False)
    move_id = forms.UUIDField(required=False)
    at = WhenField()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].queryset = LostReason.objects.filter(archived_at=None)

    def clean(self):
        data = super().clean()
        if data.get("outcome") == StageKind.LOST and not data.get("reason") and "reason" not in self.errors:
            self.add_error("reason", _("Choose why it was lost."))
        return data


class RecyclingForm(forms.Form):
    contact_again_on = forms.DateField(label=_("Contact again on"), widget=date_input())
    anyway = forms.BooleanField(required=False)
    version = forms.IntegerField(required=False)


class ReopeningForm(forms.Form):
    to = forms.ModelChoiceField(Stage.objects.none(), required=False)
    version = forms.IntegerField(required=False)
    move_id = forms.UUIDField(required=False)
    at = WhenField()

    def __init__(self, *args, deal: Deal, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = deal.pipeline.stages.open()


class TogetherForm(CardsForm):
    """What happens to several deals at once, and the fields that act needs."""

    NEEDS = {
        together.MOVE: ["to"],
        together.OWNER: ["owner"],
        together.PLAN: ["kind", "due_on"],
        together.LOSE: ["reason"],
        together.NURTURE: [],
    }

    to = forms.ModelChoiceField(Stage.objects.none(), label=_("Stage"), required=False)
    owner = forms.ModelChoiceField(User.objects.none(), label=_("Owner"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), choices=ActivityForm.base_fields["kind"].choices, required=False)
    subject = PlainTextField(label=_("What"), max_length=200, required=False)
    due_on = forms.DateField(label=_("When"), widget=date_input(), required=False)
    reason = forms.ModelChoiceField(LostReason.objects.none(), label=_("Reason"), required=False)
    note = forms.CharField(label=_("Note"), max_length=10_000, required=False)
    recycle = forms.BooleanField(required=False)
    contact_again_on = forms.DateField(label=_("Contact again on"), widget=date_input(), required=False)

    def __init__(self, *args, pipeline: Pipeline, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = pipeline.stages.in_use()
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.fields["reason"].queryset = LostReason.objects.filter(archived_at=None)


class NewDealForm(forms.Form):
    """A new deal: who, what, how much; and `lead`, where it is one that marketing has handed over."""

    WHO = ("organisation", "person", "email", "source")

    organisation = PlainTextField(label=_("Company"), max_length=200, required=False)
    person = PlainTextField(label=_("Person"), max_length=200, required=False)
    email = forms.EmailField(label=_("E-mail"), required=False)
    title = PlainTextField(label=_("What is it about?"), max_length=200, required=False)
    amount = AmountField()
    currency = forms.ChoiceField(label=_("Currency"), choices=money.choices, required=False)
    expected_close = forms.DateField(label=_("Expected close"), required=False, widget=date_input())
    deal_type = forms.ChoiceField(label=_("Type"), choices=DealType.choices, required=False)
    source = forms.ModelChoiceField(Source.objects.all(), label=_("Source"), required=False)
    owner = forms.ModelChoiceField(User.objects.filter(is_active=True), label=_("Owner"), required=False)
    competitor = PlainTextField(label=_("Competitor"), max_length=120, required=False)
    concerns = forms.CharField(
        label=_("Concerns"), max_length=10_000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    tags = forms.CharField(label=_("Tags"), required=False, max_length=400, help_text=_("Separated by commas"))
    pipeline = forms.ModelChoiceField(Pipeline.objects.none(), widget=forms.HiddenInput, required=False)
    stage = forms.ModelChoiceField(Stage.objects.open(), widget=forms.HiddenInput, required=False)
    lead = forms.ModelChoiceField(Lead.objects.none(), widget=forms.HiddenInput, required=False)

    ASKED_ONLY = ("competitor", "concerns", "tags")

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["pipeline"].queryset = Pipeline.objects.visible_to(user)
        self.fields["lead"].queryset = Lead.objects.visible_to(user)
        self.user = user

    def clean_lead(self):
        lead = self.cleaned_data["lead"]
        if lead and not self.user.has_perm("deals.accept_lead", lead):
            raise forms.ValidationError(_("Your team does not take this lead."))
        return lead

    def clean_tags(self):
        return split_tags(self.cleaned_data["tags"])

    def clean(self):
        data = super().clean()
        if not (data.get("organisation") or data.get("person") or data.get("email")):
            raise forms.ValidationError(_("Name a company or a person."))
        stage, pipeline = data.get("stage"), data.get("pipeline")
        if stage and pipeline and stage.pipeline_id != pipeline.pk:
            raise forms.ValidationError(
                _("%(stage)s is not a stage of %(pipeline)s.") % {"stage": stage, "pipeline": pipeline}
            )
        return data

    def facts(self) -> dict:
        """What `opening.new_deal` takes, or `opening.open_deal` of a lead; empty fields are left to their defaults."""
        said = {name: value for name, value in self.cleaned_data.items() if value not in (None, "", [])}
        return {name: value for name, value in said.items() if name not in self.WHO} if "lead" in said else said

    def ask(self, names: Iterable[str]) -> None:
        """Say at each field that the stage needs it."""
        for name in names:
            self.add_error(name, _("The stage asks for this."))

    @property
    def asked(self) -> list[forms.BoundField]:
        """The fields that are shown only when a stage asks for them."""
        return [self[name] for name in self.ASKED_ONLY if name in self.errors or self[name].value()]


class FactsForm(RememberingForm):
    """The facts of a deal, changed one or several at a time."""

    amount = AmountField()
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    tags = forms.CharField(label=_("Tags"), required=False, max_length=400, help_text=_("Separated by commas"))
    person = PlainTextField(
        label=_("Person"), required=False, max_length=200, help_text=_("A name, or an e-mail address")
    )

    class Meta:
        model = Deal
        fields = [
            "title",
            "amount",
            "currency",
            "expected_close",
            "owner",
            "deal_type",
            "competitor",
            "concerns",
            "marketing_allowed",
        ]
        widgets = {"expected_close": date_input(), "concerns": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["currency"] = forms.ChoiceField(label=_("Currency"), choices=money.choices)
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.initial["tags"] = ", ".join(self.instance.tags)
        self.initial["person"] = str(self.instance.person or "")
        self.initial["version"] = self.instance.version

    @classmethod
    def among(cls, sent, deal: Deal, **kwargs):
        """The form of those facts only that came with a step."""
        form = cls(sent, instance=deal, **kwargs)
        form.fields = {name: field for name, field in form.fields.items() if name in sent and name != "version"}
        return form

    @classmethod
    def asking_for(cls, names, deal: Deal):
        """The form of the facts that a stage asks for; an amount comes with its currency."""
        form = cls(instance=deal, auto_id="missing_%s")
        wanted = [*names, *(["currency"] if "amount" in names else [])]
        form.fields = {name: form.fields[name] for name in wanted if name in form.fields}
        for field in form.fields.values():
            field.required = True
        return form

    def clean_tags(self):
        return split_tags(self.cleaned_data["tags"])

    def clean_person(self):
        named = self.cleaned_data["person"]
        if "@" in named:
            validate_email(named)
        return named

    def _post_clean(self):
        """The domain writes the deal, not the form."""

    def sent(self) -> dict:
        """Only the fields that came with the request: a form may carry one fact or all."""
        return {name: value for name, value in self.cleaned_data.items() if name in self.data and name != "version"}


class StageForm(forms.Form):
    """A stage's name and rules. `following` are the stages of its pipeline to which a deal may go on."""

    ANYWHERE, ONLY = "anywhere", "only"

    name = PlainTextField(label=_("Name"), max_length=60)
    limit = forms.IntegerField(label=_("Limit"), required=False, min_value=1, max_value=9999)
    fixed_chance = forms.DecimalField(
        label=_("Fixed chance, %"),
        required=False,
        min_value=0,
        max_value=100,
        help_text=_("A baseline until enough deals have passed to measure it."),
    )
    required_fields = forms.MultipleChoiceField(
        label=_("Needed to enter"), required=False, widget=forms.CheckboxSelectMultiple
    )
    goes_on = forms.ChoiceField(
        label=_("May go on to"),
        required=False,
        choices=[(ANYWHERE, _("Anywhere")), (ONLY, _("Only to the stages ticked here"))],
        widget=forms.RadioSelect,
    )
    next_stages = forms.TypedMultipleChoiceField(
        label=_("Next stages"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Lost is always possible, and a closed deal may be taken up again anywhere."),
    )

    def __init__(self, *args, following: Iterable[Stage] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["required_fields"].choices = [(name, capfirst(label_of(name))) for name in ASKABLE]
        self.fields["next_stages"].choices = [(stage.pk, stage.name) for stage in following]

    def clean(self):
        data = super().clean()
        if data.get("goes_on") != self.ONLY:
            data["next_stages"] = []
        elif not data.get("next_stages") and "next_stages" not in self.errors:
            self.add_error("next_stages", _("Tick at least one stage, or let deals go on anywhere."))
        return data


class StageNameForm(forms.Form):
    name = PlainTextField(label=_("Name"), max_length=60)


class PipelineForm(forms.Form):
    name = PlainTextField(label=_("Name"), max_length=80)


class RetirementForm(forms.Form):
    successor = forms.ModelChoiceField(Stage.objects.none(), label=_("Its deals move to"))

    def __init__(self, *args, stage: Stage, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["successor"].queryset = stage.pipeline.stages.open().exclude(pk=stage.pk)


class ProductForm(forms.Form):
    name = PlainTextField(label=_("Name"), max_length=120)
    price = AmountField(label=_("List price"))
    currency = forms.ChoiceField(label=_("Currency"), choices=money.choices)


class ReasonForm(forms.Form):
    name = PlainTextField(label=_("Name"), max_length=80)
    contact_again_after_days = forms.IntegerField(
        label=_("Contact again after, days"), required=False, min_value=1, max_value=3650
    )
    most_tries = forms.IntegerField(
        label=_("Tries at most"),
        required=False,
        min_value=1,
        max_value=99,
        help_text=_("The first deal is the first try. Lost after the last one, a lead is let go; empty: no limit."),
    )


class LineForm(forms.Form):
    """A product of a deal; without a price, the list price."""

    product = forms.ModelChoiceField(Product.objects.filter(archived_at=None), label=_("Product"))
    quantity = forms.DecimalField(
        label=_("Quantity"), min_value=0.01, max_value=9_999_999, max_digits=12, decimal_places=2, initial=1
    )
    unit_price = AmountField(label=_("Price of one"))

    def __init__(self, *args, deal: Deal, **kwargs):
        super().__init__(*args, **kwargs)
        self.deal = deal

    def clean(self):
        data = super().clean()
        product = data.get("product")
        if product and data.get("unit_price") is None:
            if product.price is None or product.currency != self.deal.currency:
                raise forms.ValidationError(
                    _("The list has no price of %(product)s in %(currency)s. Give the price of one.")
                    % {"product": product.name, "currency": self.deal.currency}
                )
            data["unit_price"] = product.price
        return data
