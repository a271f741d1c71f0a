"""How and when a lead may be contacted, on which basis, and with which mails it was."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.middleware import is_fragment_request
from pipeline_crm.foundation.permissions import acts_on, allows
from pipeline_crm.foundation.requests import once

from ...domain.contacting import consenting, explaining, mailing, recalling, returning, sequencing
from ...domain.contacting.distancing import QUARTER, Contact
from ...models import Basis, Lead, Purpose
from ..forms import ConsentForm, EnrolmentForm, MailForm

CADENCE_ACTS: dict[str, Callable[..., None]] = {
    "pausing": sequencing.pause,
    "resuming": sequencing.resume,
    "skipping": sequencing.skip,
    "stopping": sequencing.stop,
}
LEADS = Lead.objects.select_related("organisation", "person__organisation", "owner")


@acts_on(LEADS)
@require_GET
def contact(request: HttpRequest, lead: Lead) -> HttpResponse:
    """When the lead may next be contacted, why not sooner, and by whom it was."""
    return show(request, lead)


@acts_on(LEADS)
@allows("leads.change_lead")
@require_POST
@once
def mails(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Send a mail from a template, at the first moment that is appropriate."""
    form = MailForm(request.POST)
    if not form.is_valid():
        return show(request, lead, mail_form=form, status=422)
    template = form.cleaned_data["template"]
    return _after(
        request,
        lead,
        lambda: mailing.queue(lead, template, by=request.user, at=timezone.now()),
        _("The mail is written. It goes out as soon as it may; Mails shows when."),
    )


@acts_on(LEADS)
@allows("leads.change_lead")
@require_POST
@once
def consents(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Record on what the person may be written to."""
    form = ConsentForm(request.POST, auto_id="consent_%s")
    if lead.person is None or not form.is_valid():
        return show(request, lead, consent_form=form, status=422)
    return _after(
        request,
        lead,
        lambda: consenting.record(lead.person, by=request.user, at=timezone.now(), **form.cleaned_data),
        _("Recorded."),
    )


@acts_on(LEADS)
@allows("leads.change_lead")
@require_POST
def address(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Somebody knows that the address takes mails again."""
    if lead.person is None:
        return show(request, lead, status=422)
    email = lead.person.email
    return _after(request, lead, lambda: returning.works_again(email, by=request.user, at=timezone.now()), _("Saved."))


@acts_on(LEADS)
@allows("leads.change_lead")
@require_POST
def withdrawal(request: HttpRequest, lead: Lead) -> HttpResponse:
    """The person has told us that they want no more mails."""
    if lead.person is None:
        return show(request, lead, status=422)
    return _after(
        request, lead, lambda: consenting.withdraw(lead.person, by=request.user, at=timezone.now()), _("Withdrawn.")
    )


@acts_on(LEADS)
@allows("leads.change_lead")
@require_POST
@once
def cadence(request: HttpRequest, lead: Lead) -> HttpResponse:
    """Begin a cadence with the lead."""
    form = EnrolmentForm(request.POST)
    if not form.is_valid():
        return show(request, lead, enrolment_form=form, status=422)
    which = form.cleaned_data["cadence"]
    return _after(request, lead, lambda: sequencing.enrol(lead, which, by=request.user, at=timezone.now()), _("Begun."))


@acts_on(LEADS)
@allows("leads.change_lead")
@require_POST
def cadence_act(request: HttpRequest, lead: Lead, act: str) -> HttpResponse:
    """Pause, resume, skip a step of, or stop the lead's cadence."""
    enrolment = get_object_or_404(lead.enrolments.active().select_related("lead", "next_step"))
    verb = CADENCE_ACTS.get(act)
    if verb is None:
        raise Http404
    return _after(request, lead, lambda: verb(enrolment, by=request.user, at=timezone.now()), _("Saved."))


def show(request: HttpRequest, lead: Lead, *, status: int = 200, problem: str = "", **forms: Any) -> HttpResponse:
    at = timezone.now()
    moment = recalling.next_moment(lead, at=at)
    situation = recalling.situation_of(lead.person, lead.organisation, at=at)
    said = consenting.standing(lead.person) if lead.person else {}
    enrolment = lead.enrolments.active().select_related("cadence", "next_step", "lead").first()
    context = {
        "enrolment": enrolment,
        "enrolment_ends": enrolment and sequencing.why_it_ends(lead),
        "coming": sequencing.coming(enrolment, at=at) if enrolment else [],
        "enrolment_form": EnrolmentForm(auto_id="enrolment_%s"),
        "lead": lead,
        "problem": problem,
        "moment": moment,
        "is_now": moment.at is not None and moment.at <= at,
        "undeliverable": returning.undeliverable(lead.person),
        "reasons": explaining.reasons(moment, situation.zone),
        "contacts": _lately({*situation.person, *situation.organisation}, at),
        "standing": [(label, said.get(purpose)) for purpose, label in Purpose.choices],
        "is_written_to": any(one.basis != Basis.WITHDRAWN for one in said.values()),
        "may_change": request.user.has_perm("leads.change_lead", lead),
        "mail_form": MailForm(),
        "consent_form": ConsentForm(auto_id="consent_%s"),
        **forms,
    }
    return render_page(request, "marketing/contact.html", context, fragments=["section"], status=status)


def _lately(contacts: set[Contact], at: datetime) -> list[Contact]:
    """The newest ten of the last quarter, and those that are still to come."""
    return sorted((contact for contact in contacts if contact.at > at - QUARTER), reverse=True)[:10]


def _after(request: HttpRequest, lead: Lead, change: Callable[[], Any], say: str) -> HttpResponse:
    try:
        change()
    except Refusal as refusal:
        return show(request, lead, problem=str(refusal), status=422)
    if is_fragment_request(request):
        lead.refresh_from_db()
        return show(request, lead, said=say)
    messages.success(request, say)
    return redirect("marketing:contact", lead.pk)
