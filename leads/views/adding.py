from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import for_everyone_signed_in
from pipeline_crm.foundation.requests import once

from ..domain import capturing, recognising
from ..domain.recognising import Match
from ..forms import NewLeadForm
from ..models import Lead
from . import answers


@for_everyone_signed_in
@require_http_methods(["GET", "POST"])
@once
def new(request: HttpRequest) -> HttpResponse:
    """The dialog of a new lead, and quick add: the same form. Whoever is perhaps known already is shown first."""
    form = NewLeadForm(request.POST or None, initial=request.GET.dict(), auto_id="new_%s")
    matches: list[Match] = []
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["join"]:
            return _joined(request, form)
        matches = recognising.alike(form.said(), among=Lead.objects.visible_to(request.user))
        if {match.lead.pk for match in matches} <= form.cleaned_data["seen"]:
            return _added(request, form, matches)
    for match in matches:
        match.lead.may_change = request.user.has_perm("leads.change_lead", match.lead)
    status = 422 if request.method == "POST" else 200
    context = {"form": form, "matches": matches, "seen": ",".join(str(match.lead.pk) for match in matches)}
    return render_page(request, "leads/new.html", context, fragments=["form"], status=status)


def _added(request: HttpRequest, form: NewLeadForm, matches: list[Match]) -> HttpResponse:
    """A lead of its own; those it was held against are not the same."""
    at = timezone.now()
    apart = [match.lead for match in matches]
    created = capturing.capture(by=request.user, owner=request.user, at=at, apart_from=apart, **form.facts())
    return answers.moved(request, created, say=_("%(name)s added.") % {"name": created.name}, undo=False)


def _joined(request: HttpRequest, form: NewLeadForm) -> HttpResponse:
    lead = get_object_or_404(Lead.objects.visible_to(request.user), pk=form.cleaned_data["join"])
    if not request.user.has_perm("leads.change_lead", lead):
        raise PermissionDenied
    recognising.join(lead, form.said(), words=form.cleaned_data["title"], by=request.user, at=timezone.now())
    say = _("Added to %(name)s, as a note.") % {"name": lead.name}
    return answers.moved(request, lead, say=say, undo=False)
