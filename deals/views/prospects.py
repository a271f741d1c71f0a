"""The deals with a person or an organisation, for their pages."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from leads.directory.story import records
from leads.models import Organisation, Person
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on

from ..models import Deal
from ..story import deals_of


@acts_on(Person)
@require_GET
def of_person(request: HttpRequest, person: Person) -> HttpResponse:
    return _show(request, person, deals_of(records(person)), reverse("directory:person", args=[person.pk]))


@acts_on(Organisation)
@require_GET
def of_organisation(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    found = Deal.objects.filter(organisation=organisation)
    return _show(request, organisation, found, reverse("directory:organisation", args=[organisation.pk]))


def _show(request: HttpRequest, prospect: Person | Organisation, every: QuerySet[Deal], page_of: str) -> HttpResponse:
    seen = Deal.objects.filter(pk__in=every.values("pk")).visible_to(request.user)
    deals = list(seen.select_related("stage", "organisation", "person").order_by("-created_at", "-pk"))
    context = {
        "prospect": prospect,
        "page_of": page_of,
        "deals": deals,
        "hidden": every.count() - len(deals),
        "page": "people",
    }
    return render_page(request, "deals/of_prospect.html", context, fragments=["section"])
