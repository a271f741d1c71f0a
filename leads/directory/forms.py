from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from pipeline_crm.foundation.filters import FilterForm
from pipeline_crm.foundation.forms import PlainTextField

from ..domain.merging import Preview


class SearchForm(FilterForm):
    """What a list of people or organisations is narrowed to."""

    beside = ("page", "all")
    in_sight = ("q",)

    q = PlainTextField(required=False, max_length=100, label=_("Search"))


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
