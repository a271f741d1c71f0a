"""What an Insight page is asked: the address is the question."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.models import Pipeline
from pipeline_crm.foundation.filters import FilterForm

from . import sources
from .selection import Selection

FIRST_DAY = date(1900, 1, 1)


class ReportFilter(FilterForm):
    pipeline = forms.ModelChoiceField(Pipeline.objects.none(), required=False, label=gettext_lazy("Pipeline"))
    as_of = forms.DateField(
        required=False, label=gettext_lazy("As of"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, *args, user, at: datetime, **kwargs):
        super().__init__(*args, **kwargs)
        self.at = at
        self.fields["pipeline"].queryset = Pipeline.objects.visible_to(user)
        self.fields["pipeline"].empty_label = None

    def clean_as_of(self) -> date | None:
        day = self.cleaned_data["as_of"]
        if day and day < FIRST_DAY:
            raise ValidationError(_("Days before %(year)s are not known here.") % {"year": FIRST_DAY.year})
        return day

    def clean(self) -> dict[str, Any]:
        """A day has come when it has come where the pipeline is."""
        cleaned = super().clean() or self.cleaned_data
        day, pipeline = cleaned.get("as_of"), self.chosen_pipeline
        if day and pipeline and day > sources.today(pipeline, self.at):
            self.add_error("as_of", _("That day has not come yet."))
        return cleaned

    @property
    def chosen_pipeline(self) -> Pipeline | None:
        """The pipeline asked about, else the default one; None while there is none."""
        asked = self.cleaned_data.get("pipeline")
        return asked or self.fields["pipeline"].queryset.order_by("-is_default", "pk").first()

    @property
    def is_dated(self) -> bool:
        return self.cleaned_data.get("as_of") is not None

    def selection(self) -> Selection | None:
        pipeline = self.chosen_pipeline
        if pipeline is None:
            return None
        return Selection(pipeline.pk, self.cleaned_data.get("as_of") or sources.today(pipeline, self.at))
