"""What an import needs besides deals: their pipeline, owners and teams, products, reasons. Found by name, or made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db.models import Max
from django.utils.text import slugify
from django.utils.translation import gettext as _

from deals.models import Deal, LostReason, Pipeline, Product, Stage
from pipeline_crm.accounts.models import Membership, Role, Team, User
from pipeline_crm.foundation import reading, tabular
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.reading import Unreadable
from pipeline_crm.foundation.tabular import BadFile

from .mapping import Mapping, SideFile, same_word

NOWHERE = "imported.invalid"
LARGEST_COUNT = 2_147_483_647
LONGEST = {"name": 200, "domain": 200, "sector": 100, "country": 100, "team": 80}
LONGEST_PRODUCT = 120


class StageMissing(Refusal):
    """The pipeline is there already, but with other stages than the mapping's."""

    status = 422


def pipeline(mapping: Mapping, name: str | None = None) -> tuple[Pipeline, dict[str, Stage]]:
    """The pipeline of that name, made when there is none, and its stages by the mapping's names.

    Refused when a pipeline of that name lacks a stage of the mapping, or has it with another meaning (StageMissing).
    """
    name = name or mapping.pipeline
    found = Pipeline.objects.filter(name__iexact=name).first()
    if found is None:
        found = Pipeline.objects.create(name=name, time_zone=mapping.pipeline_time_zone)
        Stage.objects.bulk_create(
            Stage(
                pipeline=found,
                name=wanted.name,
                kind=wanted.kind,
                position=position,
                fixed_chance=None if wanted.chance is None else Decimal(str(wanted.chance)),
            )
            for position, wanted in enumerate(mapping.stages, 1)
        )
    there = {same_word(stage.name): stage for stage in found.stages.in_use()}
    stages = {}
    for wanted in mapping.stages:
        stage = there.get(same_word(wanted.name))
        if stage is None or stage.kind != wanted.kind:
            raise StageMissing(
                _("The pipeline “%(pipeline)s” has no %(kind)s stage “%(stage)s”. Name another with --pipeline.")
                % {"pipeline": found.name, "kind": wanted.kind, "stage": wanted.name}
            )
        stages[wanted.name] = stage
    return found, stages


def owners(names: Iterable[str], team_of: dict[str, str]) -> dict[str, User]:
    """{name or e-mail in small letters: user}. Unknown ones become users who cannot sign in, each in their team."""
    wanted = {name.casefold(): name for name in names if name}
    found: dict[str, User] = {}
    for user in User.objects.order_by("-is_active", "id"):
        for known_as in (user.email.casefold(), user.name.casefold()):
            if known_as in wanted:
                found.setdefault(known_as, user)
    made = {key: _inactive(name) for key, name in wanted.items() if key not in found}
    taken = set(User.objects.filter(email__in=[user.email for user in made.values()]).values_list("email", flat=True))
    for key, user in made.items():
        if user.email in taken:
            user.email = f"{hashlib.sha256(key.encode()).hexdigest()[:12]}@{NOWHERE}"
        taken.add(user.email)
    User.objects.bulk_create(made.values())
    teams_of = teams(team_of[key] for key in made if key in team_of)
    Membership.objects.bulk_create(
        Membership(user=user, team=teams_of[team_of[key].casefold()], role=Role.REP)
        for key, user in made.items()
        if key in team_of
    )
    return found | made


def teams(names: Iterable[str]) -> dict[str, Team]:
    """{name in small letters: team}."""
    wanted = {name.casefold(): name for name in names if name}
    found = {team.name.casefold(): team for team in Team.objects.all() if team.name.casefold() in wanted}
    made = Team.objects.bulk_create([Team(name=name) for key, name in wanted.items() if key not in found])
    return found | {team.name.casefold(): team for team in made}


def first_teams(users: Iterable[User]) -> dict[int, Team]:
    """{user id: the team they joined first}."""
    memberships = Membership.objects.filter(user__in=list(users)).select_related("team").order_by("-id")
    return {membership.user_id: membership.team for membership in memberships}


def products(wanted: dict[str, Decimal | None], currency: str) -> dict[str, Product]:
    """{name in small letters: product}; prices of products we have stay as they are."""
    by_name = {name.casefold(): (name, price) for name, price in wanted.items()}
    found = {one.name.casefold(): one for one in Product.objects.all() if one.name.casefold() in by_name}
    made = Product.objects.bulk_create(
        [Product(name=n, price=p, currency=currency) for key, (n, p) in by_name.items() if key not in found]
    )
    return found | {one.name.casefold(): one for one in made}


def lost_reasons(names: Iterable[str]) -> dict[str, LostReason]:
    """{name in small letters: reason}."""
    wanted = {name.casefold(): name for name in names}
    found = {one.name.casefold(): one for one in LostReason.objects.all() if one.name.casefold() in wanted}
    made = LostReason.objects.bulk_create([LostReason(name=n) for key, n in wanted.items() if key not in found])
    return found | {one.name.casefold(): one for one in made}


def last_ranks(stages: Iterable[Stage]) -> dict[int, str]:
    """{stage id: the rank of its lowest card}, only for stages that have cards."""
    rows = Deal.objects.filter(stage__in=list(stages)).values_list("stage").annotate(last=Max("rank"))
    return dict(rows.order_by())


def organisation_facts(side: SideFile, folder: Path) -> dict[str, dict[str, Any]]:
    """{name: its sector, size, country and domain} as the file beside the first one says."""
    return {
        name: {
            what: _cell(side, line, cells, what, reading.whole if what == "employees" else reading.text)
            for what in side.columns
            if what != "name"
        }
        for line, cells, name in _named(side, folder, "name")
    }


def product_prices(side: SideFile, folder: Path, currency: str, decimal: str) -> dict[str, Decimal | None]:
    def price(cell: str) -> Decimal | None:
        return reading.amount(cell, currency=currency, decimal=decimal)

    return {
        name: _cell(side, line, cells, "price", price) if "price" in side.columns else None
        for line, cells, name in _named(side, folder, "name", LONGEST_PRODUCT)
    }


def team_names(side: SideFile, folder: Path) -> dict[str, str]:
    """{member in small letters: team}."""
    return {
        member.casefold(): _cell(side, line, cells, "team", reading.text)
        for line, cells, member in _named(side, folder, "member")
    }


def _named(
    side: SideFile, folder: Path, what: str, longest: int | None = None
) -> Iterable[tuple[int, dict[str, str], str]]:
    table = tabular.read(folder / side.file)
    for column in side.columns.values():
        if column not in table.columns:
            raise BadFile(_("The file has no such column."), file=table.file, line=1, field=column)
    for line, cells in table.rows():
        name = _cell(side, line, cells, what, reading.text, longest)
        if name:
            yield line, cells, name


def _cell(side: SideFile, line: int, cells: dict[str, str], what: str, how: Any, longest: int | None = None) -> Any:
    try:
        return _bounded(how(cells[side.columns[what]]), longest or LONGEST.get(what))
    except Unreadable as problem:
        raise BadFile(str(problem), file=side.file, line=line, field=side.columns[what]) from None


def _bounded(found: Any, longest: int | None) -> Any:
    if isinstance(found, str) and longest is not None and len(found) > longest:
        raise Unreadable(_("The cell is longer than %(most)d characters.") % {"most": longest})
    if isinstance(found, int) and found > LARGEST_COUNT:
        raise Unreadable(_("%(number)d is too large.") % {"number": found})
    return found


def _inactive(name: str) -> User:
    if "@" in name:
        user = User(email=User.objects.normalize_email(name), name=name.split("@")[0], is_active=False)
    else:
        slug = slugify(name) or hashlib.sha256(name.encode()).hexdigest()[:12]
        user = User(email=f"{slug}@{NOWHERE}", name=name, is_active=False)
    user.set_unusable_password()
    return user
