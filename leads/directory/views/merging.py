"""Making two records one: choose the other, see what will happen, do it, and undo it."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows
from pipeline_crm.foundation.requests import once

from ...domain import merging
from ...models import Lead, Merge, MergeKind, Organisation, Person
from .. import queries
from ..forms import ChoicesForm, SearchForm

VERBS: dict[str, Any] = {
    MergeKind.PERSON: merging.people,
    MergeKind.ORGANISATION: merging.organisations,
    MergeKind.LEAD: merging.leads,
}
PAGES = {
    MergeKind.PERSON: "directory:person",
    MergeKind.ORGANISATION: "directory:organisation",
    MergeKind.LEAD: "leads:lead",
}


@acts_on(Person)
@allows("leads.market")
@require_http_methods(["GET", "POST"])
@once
def people(request: HttpRequest, person: Person) -> HttpResponse:
    return _merge(request, MergeKind.PERSON, person, Person.objects.visible_to(request.user))


@acts_on(Organisation)
@allows("leads.market")
@require_http_methods(["GET", "POST"])
@once
def organisations(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    return _merge(request, MergeKind.ORGANISATION, organisation, Organisation.objects.visible_to(request.user))


@acts_on(Lead)
@allows("leads.change_lead")
@require_http_methods(["GET", "POST"])
@once
def leads(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Both leads are changed, so both must be one's own to change."""
    return _merge(request, MergeKind.LEAD, lead, Lead.objects.visible_to(request.user))


@acts_on(Merge)
@allows("leads.undo_merge")
@require_POST
@once
def undoing(request: HttpRequest, merge: Merge) -> HttpResponse:
    try:
        merging.undo(merge, by=request.user, at=timezone.now())
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("They are two records again."))
    return redirect(PAGES[MergeKind(merge.kind)], merge.keep)


def _merge(request: HttpRequest, kind: MergeKind, record: Any, among: Any) -> HttpResponse:
    """Without another record the page asks for one; with it, it shows what would happen."""
    named = request.POST.get("with") or request.GET.get("with") or ""
    if not named.isdecimal():
        return _choose(request, kind, record)
    other = get_object_or_404(among, pk=int(named))
    if kind == MergeKind.LEAD:
        if not request.user.has_perm("leads.change_lead", other):
            raise PermissionDenied
        record, other = _as_it_can_be(record, other)
    preview = merging.preview(kind, record, other)
    form = ChoicesForm(preview, request.POST or None)
    if request.method == "POST" and form.is_valid():
        VERBS[kind](record, other, choices=form.cleaned_data, by=request.user, at=timezone.now())
        messages.success(request, _("They are one record now. It can be undone for thirty days."))
        return redirect(PAGES[kind], record.pk)
    context = {"preview": preview, "form": form, "kind": kind.value, "named": named, "page": "people"}
    status = 422 if request.method == "POST" else 200
    return render_page(request, "directory/merging.html", context, status=status)


def _as_it_can_be(record: Lead, other: Lead) -> tuple[Lead, Lead]:
    """A lead that sales had is kept, from whichever of the two one comes."""
    if merging.was_with_sales(other) and not merging.was_with_sales(record):
        return other, record
    return record, other


def _choose(request: HttpRequest, kind: MergeKind, record: Any) -> HttpResponse:
    form = SearchForm(request.GET)
    words = form.cleaned_data["q"] if form.is_valid() else ""
    found = queries.candidates(kind, record, words, user=request.user) if words else []
    context = {"record": record, "form": form, "found": found, "kind": kind.value, "words": words, "page": "people"}
    return render_page(request, "directory/choosing.html", context)
