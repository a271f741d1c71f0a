"""A person's own page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline_crm.accounts import queries
from pipeline_crm.accounts.domain import profile
from pipeline_crm.accounts.forms import ProfileForm, ThemeForm
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import for_everyone_signed_in


@for_everyone_signed_in
@require_http_methods(["GET", "POST"])
def show(request: HttpRequest) -> HttpResponse:
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm.of(request.user)
    if request.method == "POST" and form.is_valid():
        profile.revise(request.user, by=request.user, at=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Your profile is saved."))
        return redirect("accounts:profile")
    context = {"form": form, "memberships": queries.memberships_of(request.user), "page": "profile"}
    return render_page(request, "accounts/profile.html", context, status=422 if form.errors else 200)


@for_everyone_signed_in
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """The switch in the rail: keeps what the browser already shows."""
    form = ThemeForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest()
    profile.revise(request.user, by=request.user, at=timezone.now(), **form.cleaned_data)
    return HttpResponse(status=204)


@for_everyone_signed_in
@require_GET
@never_cache
def session(request: HttpRequest) -> HttpResponse:
    """Who is signed in, and the token of their changes: for a page that has seen its session end."""
    return JsonResponse({"user": request.user.pk, "csrf": get_token(request)})
