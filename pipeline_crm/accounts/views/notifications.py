"""What the signed-in person was told."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.accounts.domain import notifying
from pipeline_crm.accounts.models import Notification
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, for_everyone_signed_in

AT_ONCE = 30


@for_everyone_signed_in
@require_GET
def notifications(request: HttpRequest) -> HttpResponse:
    """The newest first. Looking at the list reads nothing: a prefetched page must not make the bell fall silent."""
    told = Paginator(Notification.objects.visible_to(request.user), AT_ONCE).get_page(request.GET.get("page"))
    return render_page(request, "accounts/notifications.html", {"told": told, "page": "notifications"})


@acts_on(Notification)
@require_POST
def reading(request: HttpRequest, notification: Notification) -> HttpResponse:
    """Open what a notification is about; from now on it has been read."""
    notifying.read(notification, at=timezone.now())
    return redirect(notification.url)


@for_everyone_signed_in
@require_POST
def reading_all(request: HttpRequest) -> HttpResponse:
    notifying.read_all(request.user, at=timezone.now())
    messages.success(request, _("Everything is marked as read."))
    return redirect("accounts:notifications")
