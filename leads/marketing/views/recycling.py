"""The queue of those who were lost and wait for their day."""

from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_GET

from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import for_everyone_signed_in

from ...domain.recycling import local_date
from ...models import DisqualifyReason, Lead, LeadStage, Recycling

AT_ONCE = 20


@for_everyone_signed_in
@require_GET
def recycling(request: HttpRequest) -> HttpResponse:
    """Whose day comes first stands first; with the reason, what was at stake, and the number of the next try."""
    waiting = Lead.objects.in_stage(LeadStage.WAITING).visible_to(request.user).order_by("contact_again_on", "pk")
    returns = Prefetch("recyclings", Recycling.objects.order_by("-seq"), to_attr="returns")
    shown = waiting.select_related("person", "organisation", "owner").prefetch_related(returns)
    leads = Paginator(shown, AT_ONCE).get_page(request.GET.get("page"))
    for lead in leads:
        lead.last_return = lead.returns[0] if lead.returns else None
        lead.may_change = request.user.has_perm("leads.change_lead", lead)
    context = {"leads": leads, "today": local_date(timezone.now()), "page": "recycling"}
    context["disqualify_reasons"] = DisqualifyReason.objects.filter(archived_at=None)
    return render_page(request, "marketing/recycling.html", context)
