"""Settings: what is to be won, by whom, by when."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from deals.models import Pipeline
from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows

from . import fiscal, sources, targeting
from .models import Target
from .target_forms import TargetForm


@allows("analytics.change_targets")
@require_http_methods(["GET", "POST"])
def targets(request: HttpRequest) -> HttpResponse:
    """The targets that stand and every word about them; a POST says a new one."""
    if request.method == "GET":
        return _page(request)
    form = _form(request, request.POST)
    if not form.is_valid():
        return _page(request, form=form, status=422)
    try:
        said = targeting.set_target(by=request.user, at=timezone.now(), **form.cleaned_data)
    except Refusal as refusal:
        form.add_error(refusal.facts["fields"][0], str(refusal))
        return _page(request, form=form, status=422)
    messages.success(request, _("The target is set. The forecast says how likely it is."))
    return _back(said.pipeline)


@acts_on(Target.objects.select_related("pipeline", "team", "owner"))
@allows("analytics.change_target")
@require_POST
def withdrawal(request: HttpRequest, target: Target) -> HttpResponse:
    targeting.withdraw(target, by=request.user, at=timezone.now())
    messages.success(request, _("The target is withdrawn; its history stays."))
    return _back(target.pipeline)


def _back(pipeline: Pipeline) -> HttpResponse:
    answer = redirect("analytics:targets")
    answer["Location"] += f"?pipeline={pipeline.pk}"
    return answer


def _form(request: HttpRequest, data=None) -> TargetForm:
    pipeline = _chosen(request)
    today = sources.today(pipeline, timezone.now()) if pipeline else timezone.localdate()
    return TargetForm(data, user=request.user, today=today, initial={"pipeline": pipeline})


def _page(request: HttpRequest, *, form: TargetForm | None = None, status: int = 200) -> HttpResponse:
    pipeline, month = _chosen(request), Company.get().fiscal_year_start_month
    standing = targeting.standing(pipeline, at=timezone.now()) if pipeline else []
    context = {
        "pipeline": pipeline,
        "pipelines": Pipeline.objects.visible_to(request.user).order_by("-is_default", "name"),
        "currency": Company.get().base_currency,
        "targets": [
            (target, _named(target, month), request.user.has_perm("analytics.change_target", target))
            for target in standing
        ],
        "history": [
            (target, _named(target, month), before)
            for target, before in (targeting.history(pipeline) if pipeline else [])
        ],
        "form": form or _form(request),
        "page": "targets",
    }
    return render_page(request, "analytics/targets.html", context, status=status)


def _named(target: Target, first_month: int) -> str:
    return fiscal.name(targeting.period(target), first_month=first_month)


def _chosen(request: HttpRequest) -> Pipeline | None:
    """The pipeline asked for, or typed, else the default one."""
    visible = Pipeline.objects.visible_to(request.user)
    asked = request.POST.get("pipeline") or request.GET.get("pipeline") or ""
    found = visible.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 10 else None
    return found or visible.order_by("-is_default", "pk").first()
