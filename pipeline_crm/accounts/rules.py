"""Who may do what, as predicates; each is a sentence about a person, or about a person and a card."""

import rules

from pipeline_crm.accounts.models import Role


@rules.predicate
def is_admin(user) -> bool:
    return user.is_active and user.is_authenticated and user.is_admin


@rules.predicate
def is_signed_in(user) -> bool:
    return user.is_active and user.is_authenticated


@rules.predicate
def owns(user, card) -> bool:
    return card is not None and card.owner_id == user.pk


@rules.predicate
def leads_team(user, card) -> bool:
    return card is not None and card.team_id is not None and user.leads_team(card.team_id)


@rules.predicate
def in_team(user, card) -> bool:
    return card is not None and card.team_id in user.team_ids


@rules.predicate
def is_unowned(user, card) -> bool:
    return card is not None and card.owner_id is None


@rules.predicate
def markets(user, card) -> bool:
    """Has the marketing role in the card's team."""
    return card is not None and card.team_id is not None and user.has_role(Role.MARKETER, card.team_id)


changes_card = is_signed_in & (is_admin | owns | leads_team | (is_unowned & in_team))

rules.add_perm("accounts.change_view", is_signed_in & owns)
rules.add_perm("accounts.view_view", is_signed_in)
rules.add_perm("settings.change", is_admin)
rules.add_perm("insight.view", is_signed_in)
rules.add_perm("jobs.change_job", is_admin)
