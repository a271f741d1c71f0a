"""What an Insight page is asked: the address is the question."""

from copy import deepcopy
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from deals.models import Pipeline, Product
from leads.models import Source
from pipeline_crm.accounts.models import Team, User
from pipeline_crm.foundation.filters import FilterForm

from . import sources
from .behind import Question, What
from .reports import brings
from .selection import Selection

FIRST_DAY = date(1900, 1, 1)


LONGEST_WINDOW = 730
LARGEST = 1e15
DAY = {"type": "date"}
OTHERWISE = "vs_"
COMPARED_BY = ("team", "owner", "source", "product", "tries", "least", "most", "from", "to")


def not_before_1900(day: date) -> None:
    if day < FIRST_DAY:
        raise ValidationError(_("Days before %(year)s are not known here.") % {"year": FIRST_DAY.year})


class ReportFilter(FilterForm):
    """`from` and `to` are the window, else it is the newest 90 days; the reference is the 270 days before it.

    Without a user, as in a command, everything may be chosen.
    """

    arranges = ("pipeline", "as_of", "by", "span", "landmark", "touch", "unit")

    pipeline = forms.ModelChoiceField(Pipeline.objects.none(), required=False, label=gettext_lazy("Pipeline"))
    team = forms.ModelChoiceField(
        Team.objects.none(), required=False, label=gettext_lazy("Team"), empty_label=gettext_lazy("All teams")
    )
    owner = forms.ModelChoiceField(
        User.objects.none(), required=False, label=gettext_lazy("Owner"), empty_label=gettext_lazy("Anyone")
    )
    source = forms.ModelChoiceField(
        Source.objects.none(), required=False, label=gettext_lazy("Source"), empty_label=gettext_lazy("Any source")
    )
    product = forms.ModelChoiceField(
        Product.objects.none(), required=False, label=gettext_lazy("Product"), empty_label=gettext_lazy("Any product")
    )
    tries = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Tries"),
        choices=[
            ("", gettext_lazy("First and second tries")),
            ("first", gettext_lazy("First tries")),
            ("again", gettext_lazy("Second tries")),
        ],
    )
    least = forms.FloatField(required=False, min_value=0, max_value=LARGEST, label=gettext_lazy("Value from"))
    most = forms.FloatField(required=False, min_value=0, max_value=LARGEST, label=gettext_lazy("Value to"))
    landmark = forms.CharField(required=False, max_length=40, label=gettext_lazy("Looked at when they came to"))
    by = forms.ChoiceField(required=False, choices=[("", gettext_lazy("Number")), ("value", gettext_lazy("Value"))])
    span = forms.CharField(required=False, max_length=40)
    unit = forms.ChoiceField(
        required=False,
        label=gettext_lazy("Periods"),
        choices=[
            ("", gettext_lazy("Months")),
            ("week", gettext_lazy("Weeks")),
            ("quarter", gettext_lazy("Quarters")),
            ("year", gettext_lazy("Fiscal years")),
        ],
    )
    touch = forms.ChoiceField(
        required=False, choices=[("first", gettext_lazy("First touch")), ("last", gettext_lazy("Last touch"))]
    )
    as_of = forms.DateField(required=False, label=gettext_lazy("As of"), widget=forms.DateInput(DAY, "%Y-%m-%d"))

    def __init__(self, *args, user, at: datetime, **kwargs):
        super().__init__(*args, **kwargs)
        self.at = at
        self.fields["pipeline"].queryset = Pipeline.objects.visible_to(user) if user else Pipeline.objects.all()
        self.fields["pipeline"].empty_label = None
        self.fields["team"].queryset = Team.objects.visible_to(user) if user else Team.objects.all()
        self.fields["owner"].queryset = User.objects.filter(is_active=True)
        self.fields["source"].queryset = Source.objects.all()
        self.fields["product"].queryset = Product.objects.all()
        for name, label in (("from", gettext_lazy("From")), ("to", gettext_lazy("To"))):  # words of Python
            self.fields[name] = forms.DateField(
                required=False, label=label, widget=forms.DateInput(DAY, "%Y-%m-%d"), validators=[not_before_1900]
            )
        self.fields["as_of"].validators.append(not_before_1900)
        for name in COMPARED_BY:
            self.fields[OTHERWISE + name] = deepcopy(self.fields[name])
        self.arranges = (*type(self).arranges, *(OTHERWISE + name for name in COMPARED_BY))

    def clean(self) -> dict[str, Any]:
        """A day has come when it has come where the pipeline is."""
        cleaned = super().clean() or self.cleaned_data
        pipeline = self.chosen_pipeline
        if pipeline:
            today = sources.today(pipeline, self.at)
            for name in ("as_of", "to", "from", "vs_to", "vs_from"):
                if cleaned.get(name) and cleaned[name] > today:
                    self.add_error(name, _("That day has not come yet."))
        if cleaned.get("landmark") and (pipeline is None or cleaned["landmark"] not in sources.landmarks(pipeline)):
            self.add_error("landmark", _("The pipeline has no such open stage."))
        if None not in (cleaned.get("least"), cleaned.get("most")) and cleaned["least"] > cleaned["most"]:
            self.add_error("least", _("The lowest value is above the highest."))
        for part in ("", OTHERWISE):
            first, last = cleaned.get(f"{part}from"), cleaned.get(f"{part}to") or cleaned.get("as_of")
            if first and last and first > last:
                self.add_error(f"{part}from", _("The first day comes after the last."))
            elif first and ((last or self.at.date()) - first).days >= LONGEST_WINDOW:
                problem = _("At most %(days)s days can be looked at together.") % {"days": LONGEST_WINDOW}
                self.add_error(f"{part}from", problem)
        return cleaned

    @property
    def chosen_pipeline(self) -> Pipeline | None:
        """The pipeline asked about, else the default one; None while there is none."""
        asked = self.cleaned_data.get("pipeline")
        return asked or self.fields["pipeline"].queryset.order_by("-is_default", "pk").first()

    @property
    def is_dated(self) -> bool:
        return any(self.cleaned_data.get(name) for name in ("as_of", "from", "to"))

    def selection(self) -> Selection | None:
        pipeline = self.chosen_pipeline
        if pipeline is None:
            return None
        asked = self.cleaned_data
        as_of = asked.get("as_of") or asked.get("to") or sources.today(pipeline, self.at)
        chosen: dict[str, Any] = {
            name: asked[name].pk for name in ("team", "owner", "source", "product") if asked.get(name)
        }
        chosen |= {name: asked[name] for name in ("least", "most") if asked.get(name) is not None}
        chosen |= {name: asked[name] for name in ("tries", "landmark", "unit") if asked.get(name)}
        until = asked.get("to") if asked.get("as_of") else None
        selection = Selection(pipeline.pk, as_of, until=until, **chosen)
        first = asked.get("from")
        if first:
            last = selection.window[1]
            selection = replace(selection, until=last, window_days=(last - first).days + 1)
        return replace(selection, against=self._against(selection))

    def _against(self, selection: Selection) -> tuple[tuple[str, Any], ...] | None:
        """What is otherwise in the selection to compare with; None where nothing is said."""
        asked = {name: self.cleaned_data.get(OTHERWISE + name) for name in COMPARED_BY}
        changes = {name: getattr(value, "pk", value) for name, value in asked.items() if value not in (None, "")}
        first, last = changes.pop("from", None), changes.pop("to", None)
        if last:
            changes["until"] = last.isoformat()
        if first:
            changes["window_days"] = ((last or selection.window[1]) - first).days + 1
        return tuple(sorted(changes.items())) or None

    @property
    def own(self) -> list[tuple[str, str]]:
        """What is asked beside the selection to compare with: names and values as they stand in the address."""
        return [(name, self.data[name]) for name in self.fields if self.data.get(name) and OTHERWISE not in name]

    @property
    def undated(self) -> list[tuple[str, str]]:
        """The same without its days."""
        return [(name, value) for name, value in self.own if name not in ("from", "to", "as_of")]

    def other_query(self, **changes: Any) -> str:
        """The address part of the selection that is compared with, as if it were the page's own."""
        asked = self.selection()
        if asked is None:
            return self.query(**changes)
        other = {name: self.data[OTHERWISE + name] for name in COMPARED_BY if self.data.get(OTHERWISE + name)}
        first, last = asked.other.window
        if asked.other.window != asked.window:
            other |= {"from": first.isoformat(), "to": last.isoformat()}
        return self.query(**dict.fromkeys(OTHERWISE + name for name in COMPARED_BY), **other, **changes)

    @property
    def cuts(self) -> list[str]:
        """What narrows the cards, in words."""
        shown = [
            str(self.cleaned_data[name])
            for name in ("team", "owner", "source", "product")
            if self.cleaned_data.get(name)
        ]
        tries = self.cleaned_data.get("tries")
        return [*shown, *(str(label) for value, label in self.fields["tries"].choices if value and value == tries)]


class CardsFilter(ReportFilter):
    """Which cell's cards are asked for, beside the report's own filter."""

    what = forms.ChoiceField(choices=[(what.value, what.value) for what in What])
    stage = forms.CharField(required=False, max_length=40)
    onward = forms.CharField(required=False, max_length=40)
    older = forms.IntegerField(required=False, min_value=0, max_value=36500)
    reason = forms.CharField(required=False, max_length=80)
    competitor = forms.CharField(required=False, max_length=120)
    fact = forms.CharField(required=False, max_length=40)
    level = forms.CharField(required=False, max_length=200)
    way = forms.ChoiceField(required=False, choices=[(way, way) for way in brings.WAYS])
    key = forms.CharField(required=False, max_length=500)
    outcome = forms.ChoiceField(required=False, choices=[(outcome, outcome) for outcome in brings.OUTCOMES])

    def question(self) -> Question:
        asked = self.cleaned_data
        said = {name: asked[name] for name in ("reason", "competitor", "key") if name in self.data}
        said |= {name: asked[name] for name in ("way", "touch", "outcome", "span") if asked[name]}
        return Question(
            What(asked["what"]),
            asked["stage"] or None,
            asked["onward"] or None,
            asked["older"] or 0,
            fact=asked["fact"],
            level=asked["level"],
            **said,
        )
