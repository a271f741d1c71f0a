"""A few addresses beside the product's own, on which the ground floor is tried out."""

from django import forms
from django.http import HttpResponse
from django.urls import include, path

from pipeline_crm.accounts.models import Team, User
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.filters import FilterForm
from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows, for_everyone_signed_in, public
from pipeline_crm.foundation.requests import once
from pipeline_crm.urls import urlpatterns as product


@for_everyone_signed_in
def refusing(request):
    raise Refusal("The deal has gone home.")


@acts_on(Team)
@allows(lambda user, team: team.name == "North")
def north_only(request, team):
    return HttpResponse(team.name)


@allows("settings.change")
def for_admins(request):
    return HttpResponse("settings")


@public
def open_house(request):
    return HttpResponse("come in")


@for_everyone_signed_in
@once
def new_team(request):
    if not request.POST.get("name"):
        return HttpResponse("a name, please", status=422)
    team = Team.objects.create(name=request.POST["name"])
    return HttpResponse(f"team {team.pk}", headers={"HX-Trigger": "made"})


@for_everyone_signed_in
def same_twice(request):
    for _each in range(2):
        User.objects.create_user("kim@example.org", name="Kim Sato")
    return HttpResponse("both")


class TeamFilter(FilterForm):
    beside = ("page",)
    name = forms.CharField(required=False)
    size = forms.IntegerField(required=False)


@for_everyone_signed_in
def filtered(request):
    return HttpResponse(str(TeamFilter.asked_by(request).chosen))


@for_everyone_signed_in
def sentence(request):
    context = {"sentence": "Only this."}
    return render_page(request, "refused.html", context, fragments=["sentence"], triggers={"told": {"n": 1}})


def silent(request):
    return HttpResponse()


urlpatterns = [
    path("refusing/", refusing),
    path("teams/<int:pk>/", north_only),
    path("admins/", for_admins),
    path("open/", open_house),
    path("new-team/", new_team),
    path("same-twice/", same_twice),
    path("filtered/", filtered),
    path("sentence/", sentence),
    path("nested/", include([path("silent/", silent)])),
    *product,
]
