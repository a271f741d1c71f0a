"""What second tries brought back, for the recycle page of marketing."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import for_everyone_signed_in

from ..domain import recovering, recycling
from ..models import LostReason


@for_everyone_signed_in
@require_GET
def second_tries(request: HttpRequest) -> HttpResponse:
    found = recovering.results(request.user)
    context = {
        "results": found,
        "tables": [("reason", found.by_reason), ("attempt", found.by_attempt), ("wait", found.by_wait)],
        "reasons": LostReason.objects.filter(archived_at=None).select_related("norm"),
        "usual_days": recycling.USUAL_DISTANCE.days,
        "base": Company.get().base_currency,
        "page": "recycling",
    }
    return render_page(request, "deals/second_tries.html", context, fragments=["section"])
