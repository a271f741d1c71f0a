"""Settings: the shape of the pipelines."""

from collections.abc import Iterable

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows

from ..domain import shaping
from ..domain.admitting import label_of
from ..forms import PipelineForm, RetirementForm, StageForm, StageNameForm
from ..models import Pipeline, Stage, StageKind


@allows("settings.change")
@require_GET
def pipelines(request: HttpRequest) -> HttpResponse:
    return show(request)


@allows("settings.change")
@require_POST
def new_pipeline(request: HttpRequest) -> HttpResponse:
    form = PipelineForm(request.POST)
    if not form.is_valid():
        return show(request, status=422, new_pipeline_form=form)
    is_first = not Pipeline.objects.filter(is_default=True).exists()
    return done(
        request,
        lambda: shaping.create_pipeline(form.cleaned_data["name"], by=request.user, is_default=is_first),
        _("The pipeline is ready."),
    )


@allows("settings.change")
@require_POST
def new_stage(request: HttpRequest, pk: int) -> HttpResponse:
    pipeline = get_object_or_404(Pipeline, pk=pk)
    form = StageNameForm(request.POST)
    if not form.is_valid():
        return show(request, status=422)
    name = form.cleaned_data["name"]
    return done(request, lambda: shaping.add_stage(pipeline, name, by=request.user), _("Stage added."))


@allows("settings.change")
@require_POST
def stage(request: HttpRequest, pk: int) -> HttpResponse:
    """Name and rules of a stage."""
    stage = get_object_or_404(Stage, pk=pk)
    others = following(stage, stage.pipeline.stages.all())
    form = StageForm(request.POST, following=others, auto_id=f"stage_{stage.pk}_%s")
    if not form.is_valid():
        return show(request, status=422, stage_form=form, stage_pk=pk)
    sent = form.cleaned_data

    @transaction.atomic
    def change():
        shaping.rename_stage(stage, sent["name"], by=request.user)
        chance = sent["fixed_chance"]
        shaping.set_rules(
            stage,
            by=request.user,
            limit=sent["limit"],
            fixed_chance=None if chance is None else chance / 100,
            required_fields=sent["required_fields"],
            next_stages=[other for other in others if other.pk in sent["next_stages"]],
        )

    return done(request, change, _("Saved."))


@allows("settings.change")
@require_POST
def order(request: HttpRequest, pk: int) -> HttpResponse:
    """Move one open stage a place up or down."""
    stage = get_object_or_404(Stage, pk=pk)
    stages = list(stage.pipeline.stages.open().order_by("position"))
    here = next((index for index, other in enumerate(stages) if other.pk == stage.pk), None)
    there = (here or 0) + (-1 if request.POST.get("direction") == "up" else 1)
    if here is not None and 0 <= there < len(stages):
        stages[here], stages[there] = stages[there], stages[here]
    return done(
        request, lambda: shaping.reorder_stages(stage.pipeline, stages, by=request.user), _("The order is saved.")
    )


@allows("settings.change")
@require_POST
def kind(request: HttpRequest, pk: int) -> HttpResponse:
    """Make another stage the won or the lost one."""
    stage = get_object_or_404(Stage, pk=pk)
    wanted = request.POST.get("kind", "")
    if wanted not in StageKind.values:
        return redirect("deals:pipelines")
    return done(request, lambda: shaping.set_kind(stage, wanted, by=request.user), _("Saved."))


@allows("settings.change")
@require_POST
def retirement(request: HttpRequest, pk: int) -> HttpResponse:
    stage = get_object_or_404(Stage, pk=pk)
    form = RetirementForm(request.POST, stage=stage)
    if not form.is_valid():
        messages.error(request, _("Name an open stage for the deals of %(name)s.") % {"name": stage.name})
        return redirect("deals:pipelines")
    successor = form.cleaned_data["successor"]
    try:
        count = shaping.retire_stage(stage, successor=successor, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        say = ngettext("Retired; %(n)s deal moved on.", "Retired; %(n)s deals moved on.", count)
        messages.success(request, say % {"n": count})
    return redirect("deals:pipelines")


def done(request: HttpRequest, change, say: str) -> HttpResponse:
    try:
        change()
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, say)
    return redirect("deals:pipelines")


def show(request: HttpRequest, *, status: int = 200, stage_form=None, stage_pk=None, **extra) -> HttpResponse:
    shown = []
    for pipeline in Pipeline.objects.visible_to(request.user).prefetch_related("stages__norm", "stages__next_stages"):
        stages = [stage for stage in pipeline.stages.all() if stage.retired_at is None]
        rows = []
        for stage in stages:
            form = stage_form if stage.pk == stage_pk else form_of(stage, stages)
            retire = RetirementForm(stage=stage, auto_id=f"retire_{stage.pk}_%s") if stage.is_open else None
            needs = [label_of(name) for name in stage.required_fields]
            rows.append({"stage": stage, "form": form, "retirement": retire, "needs": needs})
        shown.append({"pipeline": pipeline, "rows": rows, "name_form": StageNameForm(auto_id=f"new_{pipeline.pk}_%s")})
    context = {
        "pipelines": shown,
        "new_pipeline_form": PipelineForm(auto_id="pipeline_%s"),
        "page": "pipelines",
        **extra,
    }
    return render_page(request, "deals/pipelines.html", context, status=status)


def form_of(stage: Stage, stages: Iterable[Stage]) -> StageForm:
    initial = {
        "name": stage.name,
        "limit": stage.limit,
        "fixed_chance": None if stage.fixed_chance is None else round(stage.fixed_chance * 100, 1),
        "required_fields": stage.required_fields,
        "goes_on": StageForm.ONLY if stage.next_ids else StageForm.ANYWHERE,
        "next_stages": stage.next_ids,
    }
    return StageForm(initial=initial, following=following(stage, stages), auto_id=f"stage_{stage.pk}_%s")


def following(stage: Stage, stages: Iterable[Stage]) -> list[Stage]:
    """The stages that a rule may name as the next ones."""
    if not stage.is_open:
        return []
    return [
        other for other in stages if other.retired_at is None and other.kind != StageKind.LOST and other.pk != stage.pk
    ]
