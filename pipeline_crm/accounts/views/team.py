"""Who works here, in which teams, in which roles."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from pipeline_crm.accounts import queries
from pipeline_crm.accounts.domain import membership
from pipeline_crm.accounts.forms import InvitationForm, MembershipForm, TeamForm
from pipeline_crm.accounts.models import Membership, Team, User
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows


@allows("settings.change")
@require_GET
def show(request: HttpRequest) -> HttpResponse:
    return _page(request)


@allows("settings.change")
@require_POST
def people(request: HttpRequest) -> HttpResponse:
    form = InvitationForm(request.POST)
    if form.is_valid():
        try:
            user = membership.invite(by=request.user, at=timezone.now(), **form.cleaned_data)
        except membership.AlreadyHere as refusal:
            form.add_error("email", str(refusal))
        else:
            messages.success(
                request, _("%(name)s is in. Send the link below, so that they can sign in.") % {"name": user}
            )
            return redirect("accounts:person", user.pk)
    return _page(request, form=form, status=422)


@acts_on(User)
@allows("settings.change")
@require_GET
def person(request: HttpRequest, person: User) -> HttpResponse:
    return _person_page(request, person, link=not person.has_usable_password())


@acts_on(User)
@allows("settings.change")
@require_POST
def link(request: HttpRequest, person: User) -> HttpResponse:
    """A link to set a new password, for somebody who has forgotten theirs."""
    return _person_page(request, person, link=person.is_active)


@acts_on(User)
@allows("settings.change")
@require_POST
def memberships(request: HttpRequest, person: User) -> HttpResponse:
    form = MembershipForm(request.POST)
    if not form.is_valid():
        return _person_page(request, person, form=form, status=422)
    membership.join(person, by=request.user, at=timezone.now(), **form.cleaned_data)
    messages.success(request, _("The role is saved."))
    return redirect("accounts:person", person.pk)


@acts_on(User)
@allows("settings.change")
@require_POST
def membership_removal(request: HttpRequest, person: User, membership_pk: int) -> HttpResponse:
    one = get_object_or_404(Membership.objects.select_related("team", "user"), pk=membership_pk, user=person)
    membership.leave(one, by=request.user, at=timezone.now())
    messages.success(request, _("%(name)s has left %(team)s.") % {"name": person, "team": one.team})
    return redirect("accounts:person", person.pk)


@acts_on(User)
@allows("settings.change")
@require_POST
def deactivation(request: HttpRequest, person: User) -> HttpResponse:
    membership.deactivate(person, by=request.user, at=timezone.now())
    messages.success(request, _("%(name)s can no longer sign in.") % {"name": person})
    return redirect("accounts:person", person.pk)


@acts_on(User)
@allows("settings.change")
@require_POST
def reactivation(request: HttpRequest, person: User) -> HttpResponse:
    membership.reactivate(person, by=request.user, at=timezone.now())
    messages.success(request, _("%(name)s may sign in again.") % {"name": person})
    return redirect("accounts:person", person.pk)


@allows("settings.change")
@require_POST
def teams(request: HttpRequest) -> HttpResponse:
    form = TeamForm(request.POST)
    if form.is_valid():
        try:
            membership.create_team(form.cleaned_data["name"], by=request.user, at=timezone.now())
        except membership.NameTaken as refusal:
            form.add_error("name", str(refusal))
        else:
            return redirect("accounts:team")
    return _page(request, team_form=form, status=422)


@acts_on(Team)
@allows("settings.change")
@require_http_methods(["GET", "POST"])
def team(request: HttpRequest, team: Team) -> HttpResponse:
    """One team's name."""
    form = TeamForm(request.POST or None, initial={"name": team.name})
    if request.method == "POST" and form.is_valid():
        try:
            membership.rename_team(team, form.cleaned_data["name"], by=request.user, at=timezone.now())
        except membership.NameTaken as refusal:
            form.add_error("name", str(refusal))
        else:
            return redirect("accounts:team")
    context = {"team": team, "form": form, "page": "team"}
    return render_page(request, "accounts/one_team.html", context, status=422 if form.errors else 200)


def _page(
    request: HttpRequest, *, form: InvitationForm | None = None, team_form: TeamForm | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "people": queries.people(),
        "teams": queries.teams(),
        "form": form or InvitationForm(),
        "team_form": team_form or TeamForm(auto_id="id_team_%s"),
        "page": "team",
    }
    return render_page(request, "accounts/team.html", context, status=status)


def _person_page(
    request: HttpRequest, person: User, *, form: MembershipForm | None = None, link: bool = False, status: int = 200
) -> HttpResponse:
    context = {
        "person": person,
        "memberships": queries.memberships_of(person),
        "form": form or MembershipForm(),
        "link": queries.password_link(request, person) if link else "",
        "page": "team",
    }
    return render_page(request, "accounts/person.html", context, status=status)
