from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.foundation.permissions import acts_on, allows
from pipeline_crm.foundation.requests import once
from pipeline_crm.foundation.revision import ChangedMeanwhile

from ..domain import checking, describing, noting, revising
from ..forms import (
    ActivityForm,
    ChecklistForm,
    FactsForm,
    NoteForm,
    OrganisationForm,
    OutcomeForm,
    RescheduleForm,
)
from ..models import Lead, LeadActivity
from . import answers


@acts_on(Lead)
@require_GET
def lead(request: HttpRequest, lead: Lead) -> HttpResponse:
    if lead.merged_into:
        return redirect("leads:lead", lead.standing.pk)
    return answers.panel_or_page(request, lead)


@acts_on(Lead)
@allows("leads.change_lead")
@require_POST
@once
def facts(request: HttpRequest, lead: Lead) -> HttpResponse:
    form = FactsForm(request.POST, instance=lead, auto_id="fact_%s")
    form.fields = {name: field for name, field in form.fields.items() if name in request.POST or name == "version"}
    if not form.is_valid():
        return answers.panel_or_page(request, lead, facts_form=form, status=422)
    fresh = Lead.objects.get(pk=lead.pk)
    seen = form.seen()
    version = None if seen else form.cleaned_data.get("version")
    try:
        revising.revise(fresh, by=request.user, at=timezone.now(), seen=seen, seen_version=version, **form.sent())
    except ChangedMeanwhile as refusal:
        return answers.contested(request, fresh, form, refusal)
    return answers.changed(request, fresh)


@acts_on(Lead.objects.select_related("organisation"))
@allows("leads.change_lead")
@require_POST
def organisation(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Sector and size of the lead's organisation."""
    form = OrganisationForm(request.POST, auto_id="organisation_%s")
    if not lead.organisation or not form.is_valid():
        return answers.panel_or_page(request, lead, organisation_form=form, status=422)
    describing.describe(lead.organisation, by=request.user, at=timezone.now(), **form.cleaned_data)
    return answers.changed(request, lead)


@acts_on(Lead)
@allows("leads.change_lead")
@require_POST
@once
def activities(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Plan a next step."""
    form = ActivityForm(request.POST, auto_id="activity_%s")
    if not form.is_valid():
        return answers.panel_or_page(request, lead, activity_form=form, status=422)
    noting.plan(lead, by=request.user, at=timezone.now(), **form.cleaned_data)
    return answers.changed(request, lead, _("Next step planned."))


@acts_on(Lead)
@allows("leads.change_lead")
@require_POST
@once
def checklist(request: HttpRequest, lead: Lead) -> HttpResponse:
    """What was found out about need, budget and the rest."""
    form = ChecklistForm(request.POST, items=checking.checklist(lead), auto_id="checklist_%s")
    if not form.is_valid():
        return answers.panel_or_page(request, lead, checklist_form=form, status=422)
    checking.tell(lead, form.told(), by=request.user, at=timezone.now())
    return answers.changed(request, lead)


@acts_on(Lead)
@allows("leads.change_lead")
@require_POST
@once
def notes(request: HttpRequest, lead: Lead) -> HttpResponse:
    form = NoteForm(request.POST, auto_id="note_%s")
    if not form.is_valid():
        return answers.panel_or_page(request, lead, note_form=form, status=422)
    noting.note(lead, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
    return answers.changed(request, lead, _("Note saved."))


@acts_on(Lead)
@allows("leads.change_lead")
@require_POST
def activity_done(request: HttpRequest, lead: Lead, activity_pk: int) -> HttpResponse:
    activity = get_object_or_404(LeadActivity, pk=activity_pk, lead=lead)
    form = OutcomeForm(request.POST)
    outcome = form.cleaned_data["outcome"] if form.is_valid() else ""
    noting.done(activity, outcome=outcome, by=request.user, at=timezone.now())
    lead.refresh_from_db()
    return answers.changed(request, lead, _("Done."))


@acts_on(Lead)
@allows("leads.change_lead")
@require_POST
def activity_rescheduling(request: HttpRequest, lead: Lead, activity_pk: int) -> HttpResponse:
    activity = get_object_or_404(LeadActivity, pk=activity_pk, lead=lead)
    form = RescheduleForm(request.POST)
    if not form.is_valid():
        return answers.panel_or_page(request, lead, status=422)
    noting.reschedule(activity, due_on=form.cleaned_data["due_on"], by=request.user, at=timezone.now())
    lead.refresh_from_db()
    return answers.changed(request, lead, _("Next step moved."))
