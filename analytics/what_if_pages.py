"""What if: sliders, a quick answer at each move, the exact one as soon as it is computed, and scenarios side by side.

None of it is part of the forecast, of its files or of its record.
"""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.forms import PlainTextField
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.middleware import is_fragment_request
from pipeline_crm.foundation.permissions import acts_on, allows

from . import caching, scenarios, supposing
from .catalogue import KEPT
from .caveats import sentence
from .figures import what_if as drawn
from .forms import ReportFilter
from .models import ReportRun, Scenario
from .presenting import what_if as words
from .selection import Selection
from .supposing import Supposed
from .views import CAN_SEE

NAME = "what_if"
PAGE = "analytics/what_if.html"
LATEST_START = 182
SLIDERS = {  # name: (least, most, step, unit)
    "inflow": (-90, 200, 5, "%"),
    "stage_time": (-80, 200, 5, "%"),
    "conversion": (-40, 40, 1, "points"),
    "value": (-80, 200, 5, "%"),
    "delay": (0, LATEST_START, 1, "days"),
}
LABELS = {
    "inflow": gettext_lazy("New deals that begin"),
    "stage_time": gettext_lazy("Time it takes"),
    "conversion": gettext_lazy("Share that goes on"),
    "value": gettext_lazy("Average value"),
    "delay": gettext_lazy("Begins"),
}


class NotKept(Refusal):
    """Something of it is missing or does not fit."""

    status = 422


class WhatIfFilter(ReportFilter):
    """The sliders beside what every report is asked. A stage that the pipeline does not have changes nothing."""

    beside = ("removed",)

    stage = forms.CharField(required=False, max_length=40, label=gettext_lazy("Stage"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (least, most, step, _unit) in SLIDERS.items():
            look = forms.NumberInput({"type": "range", "step": step})
            self.fields[name] = forms.IntegerField(
                required=False, label=LABELS[name], min_value=least, max_value=most, widget=look
            )
        self.arranges = (*self.arranges, "stage", *SLIDERS)

    @property
    def supposed(self) -> Supposed:
        asked = self.cleaned_data
        return Supposed(stage=asked["stage"], **{name: asked[name] or 0 for name in SLIDERS})

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What is asked beside the sliders: names and values as they stand in the address."""
        return [(name, value) for name, value in self.own if name != "stage" and name not in SLIDERS]

    @property
    def as_it_is(self) -> str:
        """The address part of the same question without anything supposed."""
        return self.query(stage=None, **dict.fromkeys(SLIDERS))


class ScenarioForm(forms.Form):
    name = PlainTextField(label=gettext_lazy("Name"), max_length=80)
    is_shared = forms.BooleanField(required=False, label=gettext_lazy("Colleagues see it"))
    asked = forms.CharField(required=False, max_length=2000, widget=forms.HiddenInput)


@allows(CAN_SEE)
@require_GET
@never_cache
def what_if(request: HttpRequest) -> HttpResponse:
    """While the curves are computed the page asks again each second, and is given them as soon as they are there."""
    asked = _asked(request)
    context = _page(asked, by=request.user)
    context["removed"] = _removed(request)
    standing = context["standing"]
    if standing and standing.is_updating:
        return render_page(request, PAGE, context, fragments=["freshness"])
    response = render_page(request, PAGE, context, fragments=["report"])
    if is_fragment_request(request):
        response["HX-Retarget"], response["HX-Reswap"] = "#report", "outerHTML"
    return response


@allows(CAN_SEE)
@require_GET
@never_cache
def answer(request: HttpRequest) -> HttpResponse:
    """What a move of a slider asks for."""
    asked = _asked(request)
    context = _page(asked, by=request.user) | {"is_answer": True}
    response = render_page(request, PAGE, context, fragments=["answer", "asked"])
    response["HX-Replace-Url"] = f"{reverse('analytics:what_if')}?{asked.query()}"
    return response


@allows(CAN_SEE)
@require_GET
@never_cache
def exactly(request: HttpRequest) -> HttpResponse:
    """The exact answer to what is supposed, computed by a job; until it is there, the page asks each second."""
    asked = _asked(request)
    supposing_it = None if asked.supposed.is_nothing else _supposing(asked)
    computing = supposing_it and caching.standing(NAME, supposing_it, is_dated=True, by=request.user)
    context = _page(asked, by=request.user) | {"computing": computing}
    if computing and not computing.is_fresh:
        response = render_page(request, PAGE, context, fragments=["exactness"])
        response["HX-Retarget"], response["HX-Reswap"] = "#exactness", "outerHTML"
        return response
    return render_page(request, PAGE, context, fragments=["answer"])


@allows(CAN_SEE)
@require_POST
def kept(request: HttpRequest) -> HttpResponse:
    """Keep what the sliders say under a name."""
    form = ScenarioForm(request.POST)
    if not form.is_valid():
        field, problems = next(iter(form.errors.items()))
        raise NotKept(f"{form.fields[field].label}: {problems[0]}", fields=[field])
    asked = WhatIfFilter(QueryDict(form.cleaned_data["asked"]), user=request.user, at=timezone.now())
    selection = asked.selection() if asked.is_valid() else None
    if selection is None or asked.chosen_pipeline is None:
        raise NotKept(_("What is supposed does not fit any more. Load the page again."), fields=["asked"])
    said = asdict(asked.supposed)
    scenario = scenarios.save(
        asked.chosen_pipeline,
        name=form.cleaned_data["name"],
        is_shared=form.cleaned_data["is_shared"],
        starts_on=selection.as_of + timedelta(days=1 + said.pop("delay")),
        team=asked.cleaned_data["team"],
        owner=None if asked.cleaned_data["team"] else asked.cleaned_data["owner"],
        by=request.user,
        at=timezone.now(),
        **said,
    )
    messages.success(request, _("Kept as “%(name)s”. The forecast stays as it is.") % {"name": scenario.name})
    return redirect(f"{reverse('analytics:what_if')}?{asked.query()}")


@acts_on(Scenario.objects.select_related("pipeline"))
@allows("analytics.change_scenario")
@require_POST
def removal(request: HttpRequest, scenario: Scenario) -> HttpResponse:
    scenarios.remove(scenario, at=timezone.now())
    return redirect(f"{_of(scenario)}&removed={scenario.pk}")


@acts_on(Scenario.objects.select_related("pipeline"))
@allows("analytics.change_scenario")
@require_POST
def coming_back(request: HttpRequest, scenario: Scenario) -> HttpResponse:
    scenarios.bring_back(scenario)
    messages.success(request, _("“%(name)s” is back.") % {"name": scenario.name})
    return redirect(_of(scenario))


def _of(scenario: Scenario) -> str:
    """The page on which the scenario is listed."""
    whose = {"team": scenario.team_id, "owner": scenario.owner_id}
    said = "".join(f"&{name}={number}" for name, number in whose.items() if number)
    return f"{reverse('analytics:what_if')}?pipeline={scenario.pipeline_id}{said}"


def _asked(request: HttpRequest) -> WhatIfFilter:
    return WhatIfFilter.asked_by(request, user=request.user, at=timezone.now())


def _removed(request: HttpRequest) -> Scenario | None:
    """The scenario that was removed just now, to be brought back."""
    number = request.GET.get("removed", "")
    mine = Scenario.objects.visible_to(request.user).exclude(removed_at=None)
    found = mine.filter(pk=int(number)).first() if number.isdecimal() and len(number) < 10 else None
    return found if found and request.user.has_perm("analytics.change_scenario", found) else None


def _supposing(asked: WhatIfFilter) -> Selection | None:
    """The selection, with what is supposed of it."""
    selection = asked.selection()
    if selection is None:
        return None
    return replace(KEPT[NAME].asking(selection), suppose=asked.supposed.as_pairs())


def _page(asked: WhatIfFilter, *, by: Any) -> dict[str, Any]:
    """The exact answer where it is known already, else the quick one."""
    selection = _supposing(asked)
    context: dict[str, Any] = {
        "filter": asked,
        "pipeline": asked.chosen_pipeline,
        "page_path": reverse("analytics:what_if"),
        "supposed": asked.supposed,
        "standing": None,
        "sliders": {name: asked[name] for name in SLIDERS},
    }
    if selection is None:
        return context
    standing = caching.standing(NAME, replace(selection, suppose=None), is_dated=asked.is_dated, by=by)
    context["standing"] = standing
    if standing.run:
        exact = caching.known(NAME, selection) if selection.suppose else None
        context |= _answer(standing.run.result, asked.supposed, exact)
        context["scenarios"] = _side_by_side(asked, standing.run.result, by=by)
    return context


def _answer(facts: dict[str, Any], supposed: Supposed, exact: ReportRun | None) -> dict[str, Any]:
    """What would come: exactly where that is known, else quickly from the stored curves."""
    if not facts["stretches"]:
        told = words.finding(facts, supposed, ())
        return {"facts": facts, "finding": told, "warnings": [sentence(warned) for warned in facts["warnings"]]}
    basis = exact.result if exact else facts
    moves = supposing.exact_moves(basis) if exact else supposing.quick_moves(facts, supposed)
    outcomes = supposing.outcomes(basis, moves)
    months = words.months(outcomes)
    return {
        "facts": facts,
        "is_exact": exact is not None,
        "finding": words.finding(facts, supposed, outcomes),
        "kpis": words.kpis(facts, outcomes),
        "months": words.rows(facts, months),
        "targets": words.rows(facts, words.targets(outcomes)),
        "figures": json.dumps(drawn.figures(months, words.month_names(outcomes), facts["currency"])),
        "warnings": [sentence(warned) for warned in facts["warnings"]],
    }


def _side_by_side(asked: WhatIfFilter, facts: dict[str, Any], *, by: Any) -> list[dict[str, Any]]:
    """As it is, and the scenarios kept of the same deals, each answered quickly from the same curves."""
    selection = asked.selection()
    if selection is None or not facts["stretches"]:
        return []
    whose = {"team": selection.team, "owner": selection.owner}
    found = Scenario.objects.visible_to(by).kept().filter(pipeline=selection.pipeline, **whose).select_related("by")
    rows = [{"scenario": None, **_compared(facts, Supposed())}]
    for scenario in found:
        supposed = Supposed(
            scenario.inflow,
            scenario.stage,
            scenario.stage_time,
            scenario.conversion,
            scenario.value,
            max((scenario.starts_on - selection.as_of).days - 1, 0),
        )
        said = {name: value or None for name, value in asdict(supposed).items()}
        rows.append(
            {
                "scenario": scenario,
                "words": words.in_short_words(facts, supposed),
                "query": asked.query(**said | {"delay": min(supposed.delay, LATEST_START) or None}),
                "may_change": by.has_perm("analytics.change_scenario", scenario),
                **_compared(facts, supposed),
            }
        )
    return rows


def _compared(facts: dict[str, Any], supposed: Supposed) -> dict[str, Any]:
    outcomes = supposing.outcomes(facts, supposing.quick_moves(facts, supposed))
    told = words.rows(facts, words.targets(outcomes)[: words.MOST_TARGETS])
    return {"targets": told, "together": words.together(facts, outcomes)}
