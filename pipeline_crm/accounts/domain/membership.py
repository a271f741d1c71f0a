"""People come, work in teams with a role, and go; nobody is deleted, for the log names them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.domain import _log
from pipeline_crm.accounts.models import Change, Membership, Role, Team, User
from pipeline_crm.foundation.errors import Refusal

ROLE_IN_TEAM = "role in team "  # followed by its number: a field in the change log


class AlreadyHere(Refusal):
    """The address belongs to somebody who already works here."""

    status = 422


class LastAdministrator(Refusal):
    """Without an administrator nobody could let anyone in again."""


class NameTaken(Refusal):
    """Two teams of one name could not be told apart."""

    status = 422


@transaction.atomic
def invite(*, email: str, name: str, team: Team, role: str, by: User | None, at: datetime) -> User:
    """A new person with a role in a team and no password yet; somebody deactivated becomes active again.

    Refused with AlreadyHere when the address is an active person's.
    """
    user = User.objects.select_for_update().filter(email__iexact=email.strip()).first()
    if user and user.is_active:
        raise AlreadyHere(_("%(name)s already works here.") % {"name": user})
    if user:
        reactivate(user, by=by, at=at)
    else:
        user = User.objects.create_user(email, name=name.strip())
        _log.note(user, "is_active", None, True, by=by, at=at)
    join(user, team=team, role=role, by=by, at=at)
    return user


@transaction.atomic
def join(user: User, *, team: Team, role: str, by: User | None, at: datetime) -> Membership:
    """The person has this role in this team, whatever it was before. Refused when the last administrator would go."""
    _hold_administrators()
    membership = Membership.objects.filter(user=user, team=team).first() or Membership(user=user, team=team, role="")
    before, membership.role = membership.role or None, Role(role)
    membership.save()
    if before != role:
        _log.note(user, f"{ROLE_IN_TEAM}{team.pk}", before, role, by=by, at=at)
    if before == Role.ADMIN:
        _refuse_without_administrator()
    return membership


@transaction.atomic
def leave(membership: Membership, *, by: User | None, at: datetime) -> None:
    """The person is no longer in that team. Refused when the last administrator would go."""
    _hold_administrators()
    _log.note(membership.user, f"{ROLE_IN_TEAM}{membership.team_id}", membership.role, None, by=by, at=at)
    membership.delete()
    _refuse_without_administrator()


@transaction.atomic
def deactivate(user: User, *, by: User | None, at: datetime) -> None:
    """The person can no longer sign in, from their next request on; their deals and their history stay.

    Refused when nobody else is an administrator.
    """
    _hold_administrators()
    _log.revise(user, {"is_active": False}, by=by, at=at)
    _refuse_without_administrator()


@transaction.atomic
def reactivate(user: User, *, by: User | None, at: datetime) -> None:
    """The person may sign in again, with the password and the roles they had."""
    _log.revise(user, {"is_active": True}, by=by, at=at)


@transaction.atomic
def create_team(name: str, *, by: User | None, at: datetime) -> Team:
    """A new team without people. Refused when the name is taken."""
    team = Team(name=name.strip())
    _save_named(team)
    _log.note(team, "name", None, team.name, by=by, at=at)
    return team


@transaction.atomic
def rename_team(team: Team, name: str, *, by: User | None, at: datetime) -> None:
    """The team has another name. Refused when the name is taken."""
    before, team.name = team.name, name.strip()
    if before != team.name:
        _save_named(team)
        _log.note(team, "name", before, team.name, by=by, at=at)


def _save_named(team: Team) -> None:
    try:
        with transaction.atomic():
            team.save()
    except IntegrityError:
        raise NameTaken(_("There is already a team called %(name)s.") % {"name": team.name}) from None


def roles() -> Callable[[datetime], dict[tuple[int, int], str]]:
    """Answers who had which role in which team at a moment, by (person, team): today's, with what was changed since
    taken back."""
    today = {(user, team): role for user, team, role in Membership.objects.values_list("user", "team", "role")}
    changes = Change.objects.filter(subject__startswith="user ", field__startswith=ROLE_IN_TEAM).order_by("-at", "-id")
    changed = [
        (at, (int(subject.removeprefix("user ")), int(field.removeprefix(ROLE_IN_TEAM))), before)
        for at, subject, field, before in changes.values_list("at", "subject", "field", "before")
    ]

    def then(moment: datetime) -> dict[tuple[int, int], str]:
        found = dict(today)
        for at, of, before in changed:
            if at < moment:
                break
            found[of] = before or ""
        return {of: role for of, role in found.items() if role}

    return then


def administrators():
    """Active people who may change everything."""
    return User.objects.filter(Q(is_superuser=True) | Q(memberships__role=Role.ADMIN), is_active=True).distinct()


def _hold_administrators() -> None:
    """Two administrators who remove each other at once take turns, so that one of them is refused."""
    list(User.objects.select_for_update().filter(pk__in=administrators().values("pk")).order_by("pk"))


def _refuse_without_administrator() -> None:
    if not administrators().exists():
        raise LastAdministrator(_("Somebody has to be an administrator. Make another person one first."))
