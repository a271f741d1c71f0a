"""Keeping filters under a name, sharing them, and choosing the one that opens first."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from pipeline_crm.accounts.models import FirstView, SavedView, Team, User
from pipeline_crm.foundation.errors import Refusal


class NameTaken(Refusal):
    """Two views of one name on one page could not be told apart."""

    status = 422


class NotYourTeam(Refusal):
    """People share with teams they are in."""

    status = 422


@transaction.atomic
def save(
    *, page: str, query: str, name: str, by: User, team: Team | None = None, opens_first: bool = False
) -> SavedView:
    """A new view of that page. Refused: a name already used there, a team one is not in."""
    view = SavedView(owner=by, page=page, query=query)
    _revise(view, name=name, team=team, by=by)
    if opens_first:
        open_first(view, by=by)
    return view


@transaction.atomic
def revise(view: SavedView, *, name: str, by: User, team: Team | None = None) -> SavedView:
    """Give the view another name, or share it with another team or none. Refused as in `save`."""
    _revise(view, name=name, team=team, by=by)
    return view


def remove(view: SavedView) -> None:
    """The view is gone, for everybody it was shared with too."""
    view.delete()


def open_first(view: SavedView, *, by: User) -> None:
    """The view opens when this person comes to its page; another one no longer does."""
    FirstView.objects.update_or_create(user=by, page=view.page, defaults={"view": view})


def open_no_longer(view: SavedView, *, by: User) -> None:
    FirstView.objects.filter(user=by, view=view).delete()


def _revise(view: SavedView, *, name: str, team: Team | None, by: User) -> None:
    if team is not None and team.pk not in by.team_ids and team.pk != view.shared_with_team_id:
        raise NotYourTeam(_("You are not in %(team)s.") % {"team": team.name}, fields=["team"])
    view.name, view.shared_with_team = name.strip(), team
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError:
        raise NameTaken(
            _("You already have a view called %(name)s here.") % {"name": view.name}, fields=["name"]
        ) from None
