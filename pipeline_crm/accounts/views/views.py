"""Saved views: kept, renamed, shared, chosen to open first, removed. All plain forms."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pipeline_crm.accounts.domain import viewing
from pipeline_crm.accounts.forms import NewViewForm, ViewForm
from pipeline_crm.accounts.models import FirstView, SavedView
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows, for_everyone_signed_in


@for_everyone_signed_in
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Keep a page's query under a name, and go back to it."""
    sent = request.method == "POST"
    form = NewViewForm(request.POST, user=request.user) if sent else NewViewForm(initial=request.GET, user=request.user)
    if sent and form.is_valid():
        try:
            return redirect(viewing.save(by=request.user, **form.cleaned_data).address)
        except Refusal as refusal:
            form.refuse(refusal)
    status = 422 if sent else 200
    return render_page(request, "accounts/view.html", {"form": form}, fragments=["form"], status=status)


@acts_on(SavedView)
@allows("accounts.change_view")
@require_http_methods(["GET", "POST"])
def view(request: HttpRequest, view: SavedView) -> HttpResponse:
    """Rename, share, or choose whether it opens first."""
    opens_first = FirstView.objects.filter(user=request.user, view=view).exists()
    known = {"name": view.name, "team": view.shared_with_team_id, "opens_first": opens_first}
    form = ViewForm(request.POST or None, initial=known, user=request.user, view=view)
    if form.is_valid():
        sent = form.cleaned_data
        try:
            viewing.revise(view, name=sent["name"], team=sent["team"], by=request.user)
        except Refusal as refusal:
            form.refuse(refusal)
        else:
            (viewing.open_first if sent["opens_first"] else viewing.open_no_longer)(view, by=request.user)
            return redirect(view.address)
    return render_page(request, "accounts/view.html", {"form": form, "view": view}, status=422 if form.errors else 200)


@acts_on(SavedView)
@allows("accounts.view_view")
@require_POST
def first(request: HttpRequest, view: SavedView) -> HttpResponse:
    """Let it open first from now on, or no longer."""
    if request.POST.get("first") == "no":
        viewing.open_no_longer(view, by=request.user)
    else:
        viewing.open_first(view, by=request.user)
    return redirect(view.address)


@acts_on(SavedView)
@allows("accounts.change_view")
@require_POST
def removal(request: HttpRequest, view: SavedView) -> HttpResponse:
    viewing.remove(view)
    messages.success(request, _("The view “%(name)s” is gone.") % {"name": view.name})
    return redirect(f"{view.page}?all=1")
