"""The words of mails: written once, tried on real leads, archived when no longer used."""

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import allows

from ...domain.contacting import mailing, templating, wording
from ...models import MailState, MailTemplate
from ..forms import PreviewForm, TemplateForm


@allows("leads.market")
@require_GET
def templates(request: HttpRequest) -> HttpResponse:
    counted = MailTemplate.objects.annotate(sent=Count("mails", filter=Q(mails__state="sent")))
    context = {
        "templates": counted.filter(archived_at=None),
        "archived": counted.exclude(archived_at=None),
        "states": MailState.choices,
        "state": "templates",
        "page": "templates",
    }
    return render_page(request, "marketing/templates.html", context)


@allows("leads.market")
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    return _kept(request, None)


@allows("leads.market")
@require_http_methods(["GET", "POST"])
def template(request: HttpRequest, pk: int) -> HttpResponse:
    return _kept(request, get_object_or_404(MailTemplate, pk=pk))


@allows("leads.market")
@require_POST
def archiving(request: HttpRequest, pk: int) -> HttpResponse:
    wording.archive(get_object_or_404(MailTemplate, pk=pk), by=request.user, at=timezone.now())
    messages.success(request, _("Saved."))
    return redirect("marketing:templates")


def _kept(request: HttpRequest, known: MailTemplate | None) -> HttpResponse:
    form = (
        TemplateForm(request.POST)
        if request.method == "POST"
        else (TemplateForm.of(known) if known else TemplateForm())
    )
    if request.method == "POST" and form.is_valid():
        try:
            kept = wording.keep(**form.cleaned_data, template=known, by=request.user, at=timezone.now())
        except Refusal as refusal:
            form.add_error(refusal.facts["fields"][0], str(refusal))
        else:
            messages.success(request, _("The template is saved."))
            return redirect("marketing:template", kept.pk)
    context = {
        "template": known,
        "form": form,
        "placeholders": templating.PLACEHOLDERS,
        "page": "templates",
        **(_preview(request, known) if known else {}),
    }
    return render_page(request, "marketing/template.html", context, status=422 if form.errors else 200)


def _preview(request: HttpRequest, template: MailTemplate) -> dict:
    """The template as one real lead would read it, or what is missing for it."""
    form = PreviewForm(request.GET if "lead" in request.GET else None, user=request.user)
    lead = form.cleaned_data["lead"] if form.is_valid() else next(iter(form.leads.values()), None)
    if lead is None:
        return {"preview_form": form}
    if not form.is_bound:
        form.initial["lead"] = lead.pk
    try:
        letter = mailing.compose(lead, template, by=request.user)
    except Refusal as refusal:
        return {"preview_form": form, "lead": lead, "missing": str(refusal)}
    return {"preview_form": form, "lead": lead, "letter": letter, "html": templating.as_html(letter.text)}
