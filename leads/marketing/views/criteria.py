"""The checklist of qualification: what is asked before a lead goes to sales."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows, for_everyone_signed_in

from ...domain import checking
from ...models import Criterion
from ..agreements import CriterionForm


@for_everyone_signed_in
@require_GET
def criteria(request: HttpRequest) -> HttpResponse:
    return _page(request)


@allows("settings.change")
@require_POST
def usual(request: HttpRequest) -> HttpResponse:
    """Begin with need, budget, authority and timing."""
    checking.usual(by=request.user, at=timezone.now())
    messages.success(request, _("The checklist is asked from now on."))
    return redirect("marketing:criteria")


@allows("settings.change")
@require_POST
def new(request: HttpRequest) -> HttpResponse:
    form = CriterionForm(request.POST, auto_id="new_%s")
    return _keep(request, form, lambda facts: checking.create(by=request.user, at=timezone.now(), **facts))


@allows("settings.change")
@require_POST
def criterion(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(Criterion, pk=pk)
    form = CriterionForm(request.POST, auto_id=f"criterion_{pk}_%s")
    change = {"by": request.user, "at": timezone.now()}
    return _keep(request, form, lambda facts: checking.revise(known, **change, **facts), of=known)


@allows("settings.change")
@require_POST
def archiving(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask it no more; adding its name again asks it anew."""
    checking.archive(get_object_or_404(Criterion, pk=pk), by=request.user, at=timezone.now())
    messages.success(request, _("It is asked no more. What was answered stays in the history."))
    return redirect("marketing:criteria")


def _keep(request: HttpRequest, form: CriterionForm, verb, of: Criterion | None = None) -> HttpResponse:
    if form.is_valid():
        try:
            verb(form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.facts["fields"][0], str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("marketing:criteria")
    return _page(request, status=422, refused=of, **({"changed_form": form} if of else {"form": form}))


def _page(request: HttpRequest, *, status: int = 200, refused: Criterion | None = None, **forms) -> HttpResponse:
    rows = [
        (one, forms.pop("changed_form", None) if one == refused else CriterionForm.of(one))
        for one in Criterion.objects.in_use()
    ]
    context = {
        "rows": rows,
        "form": CriterionForm(auto_id="new_%s"),
        "may_change": request.user.has_perm("settings.change"),
        "page": "criteria",
        **forms,
    }
    return render_page(request, "marketing/criteria.html", context, status=status)
