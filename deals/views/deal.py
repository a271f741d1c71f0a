from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from leads.domain import describing
from leads.models import Lead
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows, for_everyone_signed_in
from pipeline_crm.foundation.requests import once
from pipeline_crm.foundation.revision import ChangedMeanwhile

from ..domain import noting, opening, revising
from ..domain.admitting import FieldsMissing
from ..forms import ActivityForm, FactsForm, NewDealForm, NoteForm, OrganisationForm, OutcomeForm, RescheduleForm
from ..models import Deal, DealActivity, Pipeline
from . import answers


@acts_on(Deal.objects.select_related("pipeline", "stage", "lead"))
@require_GET
def deal(request: HttpRequest, deal: Deal) -> HttpResponse:
    return answers.panel_or_page(request, deal)


@for_everyone_signed_in
@require_http_methods(["GET", "POST"])
@once
def new(request: HttpRequest) -> HttpResponse:
    """The dialog of a new deal, and quick add: the same form."""
    form = NewDealForm(
        request.POST or None,
        user=request.user,
        initial={"owner": request.user.pk, **_of_lead(request), **request.GET.dict()},
        auto_id="new_%s",
    )
    if request.method == "POST" and form.is_valid():
        try:
            created = _open(form, by=request.user)
        except FieldsMissing as refusal:
            form.ask(refusal.facts["fields"])
        else:
            return answers.moved(request, created, say=_("%(name)s added.") % {"name": created.name}, undo=False)
    status = 422 if request.method == "POST" else 200
    return render_page(request, "deals/new.html", {"form": form}, fragments=["form"], status=status)


def _open(form: NewDealForm, *, by) -> Deal:
    facts = form.facts()
    if "lead" in facts:
        return opening.open_deal(offered=True, by=by, at=timezone.now(), **facts)
    return opening.new_deal(among=Lead.objects.visible_to(by), by=by, at=timezone.now(), **facts)


def _of_lead(request: HttpRequest) -> dict:
    """What is known of the lead that the form is opened for."""
    named = request.GET.get("lead", "")
    lead = Lead.objects.visible_to(request.user).filter(pk=named).first() if named.isdecimal() else None
    if lead is None:
        return {}
    known = {"organisation": lead.organisation, "person": lead.person, "title": lead.title, "amount": lead.value}
    return {name: value or "" for name, value in known.items()} | {"currency": lead.currency, "source": lead.source_id}


@acts_on(Deal.objects.select_related("pipeline", "stage", "lead"))
@allows("deals.change_deal")
@require_POST
@once
def facts(request: HttpRequest, deal: Deal) -> HttpResponse:
    form = FactsForm(request.POST, instance=deal, auto_id="fact_%s")
    form.fields = {name: field for name, field in form.fields.items() if name in request.POST or name == "version"}
    if not form.is_valid():
        return answers.not_fitting(request, deal, form)
    fresh = Deal.objects.select_related("pipeline", "stage", "lead").get(pk=deal.pk)
    seen = form.seen()
    version = None if seen else form.cleaned_data.get("version")
    try:
        revising.revise(fresh, by=request.user, at=timezone.now(), seen=seen, seen_version=version, **form.sent())
    except ChangedMeanwhile as refusal:
        return answers.contested(request, fresh, form, refusal)
    return answers.changed(request, fresh)


@acts_on(Deal.objects.select_related("pipeline", "stage", "lead", "organisation"))
@allows("deals.change_deal")
@require_POST
def organisation(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Sector and size of the deal's organisation."""
    form = OrganisationForm(request.POST, auto_id="organisation_%s")
    if not deal.organisation or not form.is_valid():
        return answers.panel_or_page(request, deal, organisation_form=form, status=422)
    describing.describe(deal.organisation, by=request.user, at=timezone.now(), **form.cleaned_data)
    return answers.changed(request, deal)


@acts_on(Deal.objects.select_related("pipeline", "stage", "lead"))
@allows("deals.change_deal")
@require_POST
@once
def activities(request: HttpRequest, deal: Deal) -> HttpResponse:
    """Plan a next step."""
    form = ActivityForm(request.POST, auto_id="activity_%s")
    if not form.is_valid():
        return answers.panel_or_page(request, deal, activity_form=form, status=422)
    noting.plan(deal, by=request.user, at=timezone.now(), **form.cleaned_data)
    return answers.changed(request, deal, _("Next step planned."))


@acts_on(Deal.objects.select_related("pipeline", "stage", "lead"))
@allows("deals.change_deal")
@require_POST
@once
def notes(request: HttpRequest, deal: Deal) -> HttpResponse:
    form = NoteForm(request.POST, auto_id="note_%s")
    if not form.is_valid():
        return answers.panel_or_page(request, deal, note_form=form, status=422)
    noting.note(deal, text=form.cleaned_data["text"], by=request.user, at=timezone.now())
    return answers.changed(request, deal, _("Note saved."))


@acts_on(Deal.objects.select_related("pipeline", "stage", "lead"))
@allows("deals.change_deal")
@require_POST
def activity_done(request: HttpRequest, deal: Deal, activity_pk: int) -> HttpResponse:
    activity = get_object_or_404(DealActivity, pk=activity_pk, deal=deal)
    form = OutcomeForm(request.POST)
    outcome = form.cleaned_data["outcome"] if form.is_valid() else ""
    noting.done(activity, outcome=outcome, by=request.user, at=timezone.now())
    deal.refresh_from_db()
    return answers.changed(request, deal, _("Done."))


@acts_on(Deal.objects.select_related("pipeline", "stage", "lead"))
@allows("deals.change_deal")
@require_POST
def activity_rescheduling(request: HttpRequest, deal: Deal, activity_pk: int) -> HttpResponse:
    activity = get_object_or_404(DealActivity, pk=activity_pk, deal=deal)
    form = RescheduleForm(request.POST)
    if not form.is_valid():
        return answers.panel_or_page(request, deal, status=422)
    noting.reschedule(activity, due_on=form.cleaned_data["due_on"], by=request.user, at=timezone.now())
    deal.refresh_from_db()
    return answers.changed(request, deal, _("Next step moved."))


@acts_on(Lead)
@allows("deals.accept_lead")
@require_POST
@once
def acceptance(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Sales takes a lead: its deal opens, owned by who took it. What the first stage asks for is asked on a page."""
    pipeline = Pipeline.objects.visible_to(request.user).first()
    try:
        created = opening.open_deal(
            lead=lead, pipeline=pipeline, owner=request.user, offered=True, by=request.user, at=timezone.now()
        )
    except FieldsMissing as refusal:
        messages.info(request, str(refusal))
        address = reverse("deals:new") + "?" + urlencode({"lead": lead.pk, "pipeline": pipeline.pk})
    else:
        address = reverse("deals:board", args=[created.pipeline_id]) + f"?deal={created.pk}"
    return HttpResponseClientRedirect(address) if request.htmx else redirect(address)
