"""Cadences: their steps, who is on the way, and what comes next."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows, for_everyone_signed_in

from ...domain.contacting import shaping
from ...models import Cadence, CadenceStep, Enrolment, EnrolmentState
from .. import calendar
from ..forms import CadenceForm, StepForm

COMING = 100


@for_everyone_signed_in
@require_GET
def cadences(request: HttpRequest) -> HttpResponse:
    """All cadences with how many are on the way, and what will happen, day by day, to the leads one may see."""
    weeks = calendar.weeks(request.user, at=timezone.now())
    days = [day for week in weeks for day in week if day.steps]
    shown = next((day for day in days if day.date.isoformat() == request.GET.get("day")), days[0] if days else None)
    paused = Enrolment.objects.visible_to(request.user).filter(state=EnrolmentState.PAUSED).exclude(waits_because="")
    context = {
        "cadences": _counted().filter(archived_at=None),
        "archived": _counted().exclude(archived_at=None),
        "weeks": weeks,
        "shown": shown,
        "coming": shown.steps[:COMING] if shown else [],
        "troubled": paused.select_related("lead__person", "lead__organisation", "cadence").order_by("pk")[:COMING],
        "may_market": request.user.has_perm("leads.market"),
        "page": "cadences",
    }
    return render_page(request, "marketing/cadences.html", context)


@allows("leads.market")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return _named(request, None)


@allows("leads.market")
@require_http_methods(["GET", "POST"])
def cadence(request: HttpRequest, pk: int) -> HttpResponse:
    return _named(request, get_object_or_404(_counted(), pk=pk))


@allows("leads.market")
@require_POST
def archiving(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(Cadence, pk=pk)
    shaping.archive(known, by=request.user, at=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("marketing:cadence", pk)


@allows("leads.market")
@require_POST
def steps(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(_counted(), pk=pk)
    form = StepForm(request.POST, auto_id="new_%s")
    return _kept(
        request, known, form, lambda sent: shaping.add_step(known, **sent, by=request.user, at=timezone.now()),
        new_form=form,
    )  # fmt: skip


@allows("leads.market")
@require_POST
def step(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(CadenceStep.objects.select_related("cadence"), pk=pk)
    form = StepForm(request.POST, step=known, auto_id=f"step_{pk}_%s")
    return _kept(
        request, known.cadence, form,
        lambda sent: shaping.revise_step(known, **sent, by=request.user, at=timezone.now()), step_forms={pk: form},
    )  # fmt: skip


@allows("leads.market")
@require_POST
def bringing_forward(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(CadenceStep.objects.select_related("cadence"), pk=pk)
    shaping.bring_forward(known, by=request.user, at=timezone.now())
    words = _("“%(step)s” comes one step earlier. Who is past its place goes on without it.")
    messages.success(request, words % {"step": known})
    return redirect("marketing:cadence", known.cadence_id)


@allows("leads.market")
@require_POST
def retirement(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(CadenceStep.objects.select_related("cadence"), pk=pk)
    shaping.retire_step(known, by=request.user, at=timezone.now())
    messages.success(request, _("The step is taken out. Whoever stood before it goes on with the one after."))
    return redirect("marketing:cadence", known.cadence_id)


def _named(request: HttpRequest, known: Cadence | None) -> HttpResponse:
    form = (
        CadenceForm(request.POST)
        if request.method == "POST"
        else CadenceForm(initial={"name": known.name if known else ""})
    )
    if request.method == "POST" and form.is_valid():
        try:
            kept = shaping.keep(form.cleaned_data["name"], cadence=known, by=request.user, at=timezone.now())
        except Refusal as refusal:
            form.add_error("name", str(refusal))
        else:
            return redirect("marketing:cadence", kept.pk)
    return _page(request, known, form=form, status=422 if form.errors else 200)


def _kept(
    request: HttpRequest, known: Cadence, form: StepForm, keep: Callable[[dict[str, Any]], Any], **forms: Any
) -> HttpResponse:
    if form.is_valid():
        try:
            keep(form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.facts["fields"][0], str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("marketing:cadence", known.pk)
    return _page(request, known, status=422, **forms)


def _page(
    request: HttpRequest,
    known: Cadence | None,
    *,
    step_forms: dict[int, StepForm] | None = None,
    status: int = 200,
    **forms: Any,
) -> HttpResponse:
    rows = [
        (one, (step_forms or {}).get(one.pk) or StepForm(step=one, initial=_initial(one), auto_id=f"step_{one.pk}_%s"))
        for one in (known.steps.filter(retired_at=None).select_related("template") if known else [])
    ]
    context = {
        "cadence": known,
        "rows": rows,
        "form": CadenceForm(initial={"name": known.name if known else ""}),
        "new_form": StepForm(auto_id="new_%s"),
        "page": "cadences",
        **forms,
    }
    return render_page(request, "marketing/cadence.html", context, status=status)


def _initial(step: CadenceStep) -> dict[str, Any]:
    return {"wait_days": step.wait_days, "template": step.template_id, "subject": step.subject}


def _counted():
    return Cadence.objects.annotate(
        on_the_way=Count("enrolments", filter=Q(enrolments__state__in=["running", "paused"])),
        finished=Count("enrolments", filter=Q(enrolments__state="finished")),
    )
