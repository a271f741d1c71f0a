"""Who may say what is to be won, and what is done about stages: administrators, and managers."""

from __future__ import annotations

from typing import Any

import rules

from pipeline_crm.accounts.models import Role
from pipeline_crm.accounts.rules import is_admin, is_signed_in


@rules.predicate
def manages(user) -> bool:
    return user.has_role(Role.MANAGER)


@rules.predicate
def manages_the_target(user, target) -> bool:
    """Its team, or a team of its person; the whole pipeline's is for managers of any team."""
    if target is None:
        return user.has_role(Role.MANAGER)
    if target.team_id:
        return user.leads_team(target.team_id)
    if target.owner_id:
        return any(user.leads_team(team) for team in target.owner.team_ids)
    return user.has_role(Role.MANAGER)


@rules.predicate
def supposed_it(user, scenario) -> bool:
    return scenario is not None and scenario.by_id == user.pk


def teams_of(user: Any) -> list[int]:
    """Teams for which the person sets targets."""
    return [team for team in user.team_ids if user.leads_team(team)]


def may_override(user: Any, team: Any, owner: Any) -> bool:
    """Whether the person may say another figure than those below of the team, the person, or the whole pipeline: of
    somebody else whom they lead."""
    if user.is_admin:
        return True
    if team:
        return user.leads_team(team.pk)
    if owner:
        return owner.pk != user.pk and any(user.leads_team(number) for number in owner.team_ids)
    return user.has_role(Role.MANAGER)


@rules.predicate
def sells(user) -> bool:
    return user.has_role(Role.REP) or user.has_role(Role.MANAGER)


rules.add_perm("insight.judge", is_signed_in & (is_admin | sells))
rules.add_perm("analytics.override", is_signed_in & (is_admin | manages))
rules.add_perm("analytics.change_targets", is_signed_in & (is_admin | manages))
rules.add_perm("analytics.change_target", is_signed_in & (is_admin | manages_the_target))
rules.add_perm("analytics.change_scenario", is_signed_in & (is_admin | supposed_it))
rules.add_perm("analytics.improve", is_signed_in & (is_admin | manages))
