"""Organisations: found by a few words, each with its people and leads."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_GET

from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, for_everyone_signed_in

from ...models import Organisation
from .. import queries
from ..forms import SearchForm

AT_ONCE = 50


@for_everyone_signed_in
@require_GET
def organisations(request: HttpRequest) -> HttpResponse:
    form = SearchForm.asked_by(request)
    found = queries.organisations(form.cleaned_data["q"])
    context = {
        "form": form,
        "organisations": Paginator(found, AT_ONCE).get_page(request.GET.get("page")),
        "page": "people",
    }
    return render_page(request, "directory/organisations.html", context)


@acts_on(Organisation)
@require_GET
def organisation(request: HttpRequest, organisation: Organisation) -> HttpResponse:
    if organisation.merged_into:
        return redirect("directory:organisation", organisation.standing.pk)
    found = queries.organisation_page(organisation, user=request.user, at=timezone.now())
    context = {"found": found, "organisation": organisation, "page": "people"}
    return render_page(request, "directory/organisation.html", context)
