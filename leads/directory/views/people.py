"""People: found by a few words, and each with the whole story."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows, for_everyone_signed_in

from ...domain import describing
from ...models import Person
from .. import queries
from ..forms import PersonForm, SearchForm

PEOPLE = Person.objects.select_related("organisation", "merged_into")
AT_ONCE = 50


@for_everyone_signed_in
@require_GET
def people(request: HttpRequest) -> HttpResponse:
    form = SearchForm.asked_by(request)
    found = queries.people(form.cleaned_data["q"])
    context = {
        "form": form,
        "people": Paginator(found, AT_ONCE).get_page(request.GET.get("page")),
        "page": "people",
    }
    return render_page(request, "directory/people.html", context)


@acts_on(PEOPLE)
@require_GET
def person(request: HttpRequest, person: Person) -> HttpResponse:
    """The whole story in order; of what was merged, the page of the record that is kept."""
    if person.merged_into:
        return redirect("directory:person", person.standing.pk)
    found = queries.person_page(person, user=request.user, at=timezone.now(), whole="all" in request.GET)
    return render_page(request, "directory/person.html", {"found": found, "person": person, "page": "people"})


@acts_on(PEOPLE)
@allows("leads.change_person")
@require_http_methods(["GET", "POST"])
def facts(request: HttpRequest, person: Person) -> HttpResponse:
    """Name, address, phone, role and the clock they live by."""
    form = PersonForm(request.POST, auto_id="person_%s") if request.method == "POST" else PersonForm.of(person)
    if request.method == "POST" and form.is_valid():
        try:
            describing.describe_person(person, by=request.user, at=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(next(iter(refusal.facts.get("fields", [])), None), str(refusal))
        else:
            messages.success(request, _("Saved."))
            return redirect("directory:person", person.pk)
    context = {"person": Person.objects.get(pk=person.pk), "form": form, "page": "people"}
    return render_page(request, "directory/facts.html", context, status=422 if form.errors else 200)
