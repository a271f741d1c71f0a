"""What visitors of other people's pages see and send; open to everyone, and to robots."""

import json
from typing import Any

from allauth.account.adapter import get_adapter
from csp.constants import NONE
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import public

from ...domain import collecting
from ...models import Capture, Channel, LeadForm
from ..forms import CampaignForm, CaptureForm

LARGEST = 32 * 1024


@public
@csrf_exempt  # in a frame of another site there is no cookie of ours; nothing here acts for somebody signed in
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest, key: str) -> HttpResponse:
    """The form, in a frame of the sites it names and nowhere else."""
    lead_form = _form_of(key)
    if request.method == "POST" and _too_large(request):
        return HttpResponse(status=413)
    sent = request.POST if request.method == "POST" else None
    page, campaign = CampaignForm(sent if sent is not None else request.GET).known()
    shown = CaptureForm(sent, form=lead_form, auto_id="capture_%s")
    context = {"lead_form": lead_form, "form": shown, "campaign": campaign, "from_page": page or _referer(request)}
    status = 200
    if sent is not None:
        status = _receive(request, lead_form, shown, page, campaign, context)
    response = render_page(request, "marketing/capture.html", context, status=status)
    if lead_form.origins:
        response.xframe_options_exempt = True
    response._csp_replace = {"frame-ancestors": lead_form.origins or [NONE]}
    return response


@public
@csrf_exempt  # programs of a site have no session; they carry its token
@require_POST
def leads(request: HttpRequest, key: str) -> HttpResponse:
    """JSON from a program of the site: {name, email, …, utm_source, …}, with `Authorization: Bearer TOKEN`."""
    lead_form = _form_of(key)
    token = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not constant_time_compare(token.encode(errors="replace"), lead_form.token.encode()):
        return JsonResponse({"error": _("The token of the form is missing or wrong.")}, status=401)
    if _too_large(request):
        return JsonResponse({"error": _("That is too large.")}, status=413)
    try:
        sent = json.loads(request.body)
    except (ValueError, RecursionError):
        return JsonResponse({"error": _("This is no JSON.")}, status=400)
    if not isinstance(sent, dict) or not all(isinstance(value, str | bool | None) for value in sent.values()):
        return JsonResponse({"error": _("Send one object of texts.")}, status=400)
    page, campaign = CampaignForm(sent).known()
    form = CaptureForm(sent | {"agreed": _is_yes(sent.get("agreed"))}, form=lead_form)
    context: dict[str, Any] = {}
    status = _receive(request, lead_form, form, page, campaign, context, channel=Channel.API)
    if status != 200:
        return JsonResponse({"errors": form.errors}, status=status)
    return JsonResponse({"state": "to be confirmed" if lead_form.double_opt_in else "received"}, status=201)


@public
@csrf_exempt  # the token is the right to confirm
@never_cache
@require_http_methods(["GET", "POST"])
def confirmation(request: HttpRequest, token: str) -> HttpResponse:
    """The link of the mail: a button, since programs that look at links must not confirm."""
    capture = Capture.objects.select_related("form", "lead").filter(token=_plain(token)).first()
    if capture is None:
        raise Http404
    problem, status = "", 200
    if request.method == "POST":
        try:
            collecting.confirm(capture, at=timezone.now())
        except collecting.TooLate as refusal:
            problem, status = str(refusal), refusal.status
    context = {"capture": capture, "is_done": capture.lead is not None, "problem": problem}
    return render_page(request, "marketing/confirmation.html", context, status=status)


def _receive(
    request: HttpRequest, lead_form: LeadForm, form: CaptureForm, page, campaign, context, channel=Channel.FORM
) -> int:
    """Take what was sent; the status to answer with. A robot is thanked, and nothing is kept."""
    if not form.is_valid():
        return 422
    if not form.cleaned_data["website"]:
        try:
            collecting.receive(
                lead_form,
                form.said(),
                campaign=campaign,
                page=page,
                channel=channel,
                address=get_adapter(request).get_client_ip(request),
                agent=_plain(request.headers.get("User-Agent", ""), 300),
                at=timezone.now(),
            )
        except collecting.TooMany as refusal:
            form.add_error(None, str(refusal))
            return refusal.status
    context["is_done"] = True
    return 200


def _is_yes(agreed: str | bool | None) -> bool:
    """Consent is a yes; programs write it in some ways, and "no" is none of them."""
    return str(agreed).strip().lower() in {"true", "yes", "on", "1"}


def _form_of(key: str) -> LeadForm:
    form = LeadForm.objects.filter(key=_plain(key), archived_at=None).first()
    if form is None:
        raise Http404
    return form


def _too_large(request: HttpRequest) -> bool:
    length = request.headers.get("Content-Length", "")
    return not length.isdecimal() or int(length) > LARGEST


def _referer(request: HttpRequest) -> str:
    return _plain(request.headers.get("Referer", ""), 500)


def _plain(text: str, longest: int = 64) -> str:
    return "".join(sign for sign in text[:longest] if sign.isprintable())
