from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation.filters import FilterForm
from pipeline_crm.foundation.forms import PlainTextField, TimeZoneField

from ..domain.merging import Preview
from ..marketing.forms import PlainEmailField
from ..models import Person


class SearchForm(FilterForm):
    """What a list of people or organisations is narrowed to."""

    beside = ("page", "all")
    in_sight = ("q",)

    q = PlainTextField(required=False, max_length=100, label=_("Search"))


class PersonForm(forms.Form):
    """What is known of a person."""

    name = PlainTextField(label=_("Name"), max_length=200, required=False)
    role = PlainTextField(label=_("Role"), max_length=100, required=False)
    email = PlainEmailField(label=_("E-mail"), max_length=254, required=False)
    phone = PlainTextField(label=_("Phone"), max_length=40, required=False)
    time_zone = TimeZoneField(
        label=_("Time zone"),
        required=False,
        empty_label=_("Their country's, else the company's"),
        help_text=_("By its clock they are contacted."),
    )

    @classmethod
    def of(cls, person: Person) -> "PersonForm":
        """A zone that is none is shown as none."""
        return cls(initial={name: getattr(person, name) for name in cls.base_fields}, auto_id="person_%s")


class ErasureForm(forms.Form):
    """Erasing is asked for twice."""

    sure = forms.BooleanField(label=_("I know that this cannot be undone"))


class ChoicesForm(forms.Form):
    """For each field of two records, whose value stays."""

    def __init__(self, preview: Preview, data: Any = None) -> None:
        super().__init__(data)
        for choice in preview.choices:
            if choice.differs:
                self.fields[choice.name] = forms.ChoiceField(
                    label=choice.label,
                    choices=[("keep", _shown(choice.keep)), ("other", _shown(choice.other))],
                    initial=choice.proposed,
                    widget=forms.RadioSelect,
                )


def _shown(value: Any) -> str:
    return "–" if value in (None, "") else str(value)
