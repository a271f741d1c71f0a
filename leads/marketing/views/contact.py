"""How and when a lead may be contacted."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on

from ...domain.contacting import explaining, recalling
from ...models import Lead


@acts_on(Lead.objects.select_related("organisation", "person__organisation"))
@require_GET
def contact(request: HttpRequest, lead: Lead) -> HttpResponse:
    """When the lead may next be contacted, why not sooner, and by whom it was."""
    return show(request, lead)


def show(request: HttpRequest, lead: Lead, *, status: int = 200) -> HttpResponse:
    at = timezone.now()
    moment = recalling.next_moment(lead, at=at)
    situation = recalling.situation_of(lead.person, lead.organisation, at=at)
    context = {
        "lead": lead,
        "moment": moment,
        "is_now": moment.at is not None and moment.at <= at,
        "reasons": explaining.reasons(moment, situation.zone),
        "contacts": sorted({*situation.person, *situation.organisation}, reverse=True)[:10],
        "zone": situation.zone,
    }
    return render_page(request, "marketing/contact.html", context, fragments=["section"], status=status)
