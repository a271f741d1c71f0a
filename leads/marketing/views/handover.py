"""The hand-over to sales: who waits for an answer, what was answered, and what is agreed."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows, for_everyone_signed_in

from ...domain import agreeing
from ...models import HandBackReason, HandOverRules, Lead, Territory
from .. import agreements
from ..agreements import ClockForm, ReasonForm, TerritoryForm


@for_everyone_signed_in
@require_GET
def handover(request: HttpRequest) -> HttpResponse:
    return _page(request)


@allows("settings.change")
@require_POST
def clock(request: HttpRequest) -> HttpResponse:
    form = ClockForm(request.POST, auto_id="clock_%s")
    return _keep(request, form, "clock_form", lambda: agreeing.set_clock(**_by(request), **form.cleaned_data))


@allows("settings.change")
@require_POST
def territories(request: HttpRequest) -> HttpResponse:
    form = TerritoryForm(request.POST, auto_id="new_%s")
    return _keep(request, form, "territory_form", lambda: agreeing.keep_territory(**_by(request), **form.facts()))


@allows("settings.change")
@require_POST
def territory(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(Territory, pk=pk)
    form = TerritoryForm(request.POST, auto_id=f"territory_{pk}_%s")

    def change():
        agreeing.keep_territory(territory=known, **_by(request), **form.facts())

    return _keep(request, form, "changed_form", change, changed=pk)


@allows("settings.change")
@require_POST
def territory_removal(request: HttpRequest, pk: int) -> HttpResponse:
    agreeing.remove_territory(get_object_or_404(Territory, pk=pk), **_by(request))
    messages.success(request, _("The territory is removed. Leads it gave away stay where they are."))
    return redirect("marketing:handover")


@allows("settings.change")
@require_POST
def reasons(request: HttpRequest) -> HttpResponse:
    form = ReasonForm(request.POST, auto_id="reason_%s")
    return _keep(request, form, "reason_form", lambda: agreeing.keep_reason(form.cleaned_data["name"], **_by(request)))


@allows("settings.change")
@require_POST
def reason_archiving(request: HttpRequest, pk: int) -> HttpResponse:
    agreeing.archive_reason(get_object_or_404(HandBackReason, pk=pk), **_by(request))
    messages.success(request, _("The reason is offered no more."))
    return redirect("marketing:handover")


def _by(request: HttpRequest) -> dict:
    return {"by": request.user, "at": timezone.now()}


def _keep(request: HttpRequest, form, name: str, verb, **more) -> HttpResponse:
    if form.is_valid():
        try:
            verb()
        except Refusal as refusal:
            form.add_error(refusal.facts["fields"][0], str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("marketing:handover")
    return _page(request, status=422, **{name: form}, **more)


def _page(request: HttpRequest, *, status: int = 200, changed: int | None = None, **forms) -> HttpResponse:
    at = timezone.now()
    rules, seen = HandOverRules.get(), Lead.objects.unmerged().visible_to(request.user)
    changed_form = forms.pop("changed_form", None)
    context = {
        "waiting": agreements.waiting(seen, at=at),
        "answers": agreements.answers(seen, at=at),
        "rules": rules,
        "clock_form": ClockForm.of(rules),
        "territories": [
            (one, changed_form if one.pk == changed else TerritoryForm.of(one))
            for one in Territory.objects.in_order().select_related("team")
        ],
        "territory_form": TerritoryForm(auto_id="new_%s"),
        "reasons": HandBackReason.objects.filter(archived_at=None),
        "reason_form": ReasonForm(auto_id="reason_%s"),
        "may_change": request.user.has_perm("settings.change"),
        "company": Company.get(),
        "page": "handover",
        **forms,
    }
    return render_page(request, "marketing/handover.html", context, status=status)
