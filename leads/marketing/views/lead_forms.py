"""Forms for other people's pages: made, changed, shown with what to put on the page."""

from django.conf import settings
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows

from ...domain import collecting
from ...models import LeadForm
from ..forms import LeadFormForm


@allows("leads.market")
@require_GET
def lead_forms(request: HttpRequest) -> HttpResponse:
    counted = LeadForm.objects.annotate(
        sent=Count("captures"),
        waiting=Count("captures", filter=Q(captures__lead=None)),
        became=Count("captures__lead", distinct=True),
    )
    return render_page(request, "marketing/forms.html", {"forms": counted, "page": "forms"})


@allows("leads.market")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    defaults = {
        "heading": _("Get in touch"),
        "thanks": _("Thank you. We will come back to you."),
        "consent_words": _("I agree to receive offers and product news by e-mail. I can withdraw this at any time."),
    }
    return _kept(request, None, LeadForm(**defaults))


@allows("leads.market")
@require_http_methods(["GET", "POST"])
def lead_form(request: HttpRequest, pk: int) -> HttpResponse:
    known = get_object_or_404(LeadForm, pk=pk)
    return _kept(request, known, known)


@allows("leads.market")
@require_POST
def archiving(request: HttpRequest, pk: int) -> HttpResponse:
    collecting.archive_form(get_object_or_404(LeadForm, pk=pk), by=request.user, at=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("marketing:lead_form", pk)


def _kept(request: HttpRequest, known: LeadForm | None, shown: LeadForm) -> HttpResponse:
    form = LeadFormForm(request.POST or None, instance=shown)
    if request.method == "POST" and form.is_valid():
        try:
            kept = collecting.keep_form(form=known, by=request.user, at=timezone.now(), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(refusal.facts["fields"][0], str(refusal))
        else:
            messages.success(request, _("The form is saved."))
            return redirect("marketing:lead_form", kept.pk)
    context = {
        "lead_form": known,
        "form": form,
        "page": "forms",
        "address": settings.SITE_URL + reverse("marketing:capture", args=[shown.key]),
        "door": settings.SITE_URL + reverse("marketing:capture_leads", args=[shown.key]),
    }
    return render_page(request, "marketing/form.html", context, status=422 if form.errors else 200)
