"""What people send on the pages of marketing. Forms clean; the domain decides."""

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation.forms import PlainTextField, date_input

from ..domain.contacting import ruling
from ..models import DistanceRules


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
