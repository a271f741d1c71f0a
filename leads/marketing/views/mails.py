"""The mails that went out, wait, or failed."""

from csp.constants import NONE
from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows, for_everyone_signed_in

from ...domain.contacting import clicking, fetching, mailing, templating
from ...models import Attachment, Mail, MailState, Reply

MAILS = Mail.objects.select_related("lead__owner", "lead__person", "lead__organisation", "consent", "template", "by")
AT_ONCE = 50


@for_everyone_signed_in
@require_GET
def mails(request: HttpRequest) -> HttpResponse:
    """Newest first; `state` narrows them, `page` goes on."""
    state = request.GET.get("state", "")
    found = MAILS.visible_to(request.user)
    if state in MailState.values:
        found = found.filter(state=state)
    context = {
        "mails": Paginator(found, AT_ONCE).get_page(request.GET.get("page")),
        "states": MailState.choices,
        "state": state,
        "folder": folder(),
        "page": "mails",
    }
    return render_page(request, "marketing/mails.html", context)


class FileIsMissing(Refusal):
    """It was kept, and has gone from the disk since."""

    status = 410


@for_everyone_signed_in
@require_GET
def replies(request: HttpRequest) -> HttpResponse:
    """What people wrote back, newest first."""
    found = Reply.objects.visible_to(request.user).select_related("person", "lead__person", "lead__organisation")
    context = {
        "replies": Paginator(found.prefetch_related("attachments"), AT_ONCE).get_page(request.GET.get("page")),
        "states": MailState.choices,
        "state": "answers",
        "problem": fetching.last_problem(),
        "page": "mails",
    }
    return render_page(request, "marketing/replies.html", context)


@acts_on(Attachment)
@require_GET
def attachment(request: HttpRequest, attachment: Attachment) -> FileResponse:
    """The file as a download: no browser ever shows it as a page of ours."""
    if not attachment.file:
        raise Http404
    try:
        content = attachment.file.open("rb")
    except FileNotFoundError as problem:
        raise FileIsMissing(
            _("“%(name)s” is not where files are kept any more. Ask an administrator for the backup.")
            % {"name": attachment.name}
        ) from problem
    response = FileResponse(
        content,
        as_attachment=True,
        filename=attachment.name,
        content_type="application/octet-stream",
    )
    response._csp_replace = {"default-src": [NONE], "sandbox": ""}  # type: ignore[attr-defined]
    response["Cache-Control"] = "private, no-store"
    return response


@acts_on(MAILS)
@require_GET
def mail(request: HttpRequest, mail: Mail) -> HttpResponse:
    message = mailing.as_message(mail)
    context = {
        "mail": mail,
        "headers": [
            (name, _without_the_key(message.message()[name], mail))
            for name in ("From", "To", "Reply-To", "Subject", "Message-ID", "List-Unsubscribe")
            if message.message()[name]
        ],
        "html": templating.as_html(mail.text),
        "text": _without_the_key(message.body, mail),
        "is_given_up": (given_up := mailing.is_given_up(mail)),
        "may_be_retried": given_up or mail.state == MailState.FAILED,
        "may_change": request.user.has_perm("leads.change_lead", mail.lead),
        "clicks": clicking.of_mail(mail),
        "replies": mail.replies.select_related("person").prefetch_related("attachments"),
        "page": "mails",
    }
    return render_page(request, "marketing/mail.html", context)


@acts_on(MAILS)
@allows("leads.change_mail")
@require_POST
def cancellation(request: HttpRequest, mail: Mail) -> HttpResponse:
    return _after(request, mail, lambda: mailing.cancel(mail, by=request.user, at=timezone.now()))


@acts_on(MAILS)
@allows("leads.change_mail")
@require_POST
def retrial(request: HttpRequest, mail: Mail) -> HttpResponse:
    return _after(request, mail, lambda: mailing.send_again(mail, by=request.user, at=timezone.now()))


def folder() -> str:
    """Where mails are written when no mail server is set."""
    return str(settings.EMAIL_FILE_PATH) if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend") else ""


def _without_the_key(words: str, mail: Mail) -> str:
    """Who may read the mail may not unsubscribe for its reader."""
    return words.replace(mail.token, "…")


def _after(request: HttpRequest, mail: Mail, change) -> HttpResponse:
    try:
        change()
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, _("Saved."))
    return redirect("marketing:mail", mail.pk)
