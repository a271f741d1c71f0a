"""What a person may ask of whoever keeps records of them: to be shown everything, and to be forgotten."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows
from pipeline_crm.foundation.requests import once

from ...domain import erasing, exporting
from ...models import Person
from ..forms import ErasureForm


@acts_on(Person)
@allows("leads.export_person")
@require_GET
def export(request: HttpRequest, person: Person) -> HttpResponse:
    """A file with all that is known of them, of other teams' cards too."""
    document = exporting.export(person, at=timezone.now())
    response = JsonResponse(document, json_dumps_params={"ensure_ascii": False, "indent": 2})
    response["Content-Disposition"] = f'attachment; filename="person-{person.pk}.json"'
    response["Cache-Control"] = "no-store"
    return response


@acts_on(Person)
@allows("leads.erase_person")
@require_http_methods(["GET", "POST"])
@once
def erasure(request: HttpRequest, person: Person) -> HttpResponse:
    """Ask twice, then forget them."""
    form = ErasureForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        erasing.erase(person, by=request.user, at=timezone.now())
        messages.success(request, _("Erased. What remains are steps, days and amounts."))
        return redirect("directory:person", person.standing.pk)
    people = erasing.records(person)
    context = {"person": person, "form": form, "records": people, "page": "people"}
    status = 422 if request.method == "POST" else 200
    return render_page(request, "directory/erasure.html", context, status=status)
