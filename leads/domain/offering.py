"""Offering a lead to sales: to whom, until when, and what becomes of the offer.

Who takes it is decided by the first territory that fits the lead's organisation; in its team by turns or by load. Each
app that knows what people have open says so (`weighs`), so that deals count without being looked up the stairs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Count, Max, Q, QuerySet
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from pipeline_crm.accounts.domain import holidays, notifying
from pipeline_crm.accounts.models import Company, Holiday, Role, Team, User
from pipeline_crm.foundation.append_only import Origin

from ..models import HandOver, HandOverRules, Lead, LeadStage, Organisation, Share, Territory
from . import _log, clocking, revising
from .contacting.persons import house_of
from .contacting.zones import code_of_country, country_of_zone

ONE_AFTER_THE_OTHER = 7_301_004  # an advisory lock: of two hand-overs at once, the second sees whose turn it was

Weigher = Callable[[Collection[int]], Mapping[int, int]]
_weighers: list[Weigher] = []


def weighs(weigher: Weigher) -> Weigher:
    """Register `weigher(user ids) → {user id: how many}`: what these people have open."""
    if weigher not in _weighers:
        _weighers.append(weigher)
    return weigher


@weighs
def of_leads(people: Collection[int]) -> Mapping[int, int]:
    """Leads that wait for their answer."""
    waiting = Lead.objects.in_stage(LeadStage.READY).filter(owner__in=people)
    return dict(waiting.order_by().values_list("owner").annotate(Count("pk")))


@transaction.atomic
def offer(lead: Lead, *, by, at: datetime, via: str = Origin.USER, batch=None) -> HandOver:
    """Give the lead that has just become ready to whoever is to take it, start the clock, and tell them.

    Without a territory that fits it stays whose it was, and the sales people of its team are told. Where nobody of the
    team has room it is the team's, nobody's in particular, and its managers are told.
    """
    _take_turns()
    territory, user = assign(lead)
    offered = HandOver.objects.create(
        lead=lead,
        seq=lead.seq,
        to=user if territory else lead.owner,
        territory=territory,
        owner_before=lead.owner,
        team_before=lead.team,
        due_at=due(at),
        by=by,
        at=at,
    )
    if territory:
        revising.revise(lead, owner=user, team=territory.team, by=by, at=at, via=Origin.RULE)
    if offered.due_at:
        lead.accept_by = offered.due_at
        _log.touch(lead, "accept_by")
    _tell(offered, lead, at=at)
    return offered


def assign(lead: Lead) -> tuple[Territory | None, User | None]:
    """Which territory the lead falls into, and who of its team is next; nobody where nobody has room."""
    territory = territory_of(house_of(lead.person, lead.organisation))
    if territory is None:
        return None, None
    people = {person.pk: person for person in sellers(territory.team)}
    load = load_of(people)
    if territory.most_open is not None:
        people = {pk: person for pk, person in people.items() if load[pk] < territory.most_open}
    if not people:
        return territory, None
    turns = territory.handovers.standing().filter(to__in=people).order_by()
    latest = dict(turns.values_list("to").annotate(Max("id")))
    weight = load if territory.share == Share.LOAD else Counter()
    return territory, people[min(people, key=lambda pk: (weight[pk], latest.get(pk, 0), pk))]


def territory_of(house: Organisation | None) -> Territory | None:
    """The first that asks for nothing else than what the organisation is."""
    for territory in Territory.objects.in_order().select_related("team"):
        if _fits(territory.country, house.country if house else "", same=_same_country) and _fits(
            territory.sector, house.sector if house else "", same=_same_words
        ):
            return territory
    return None


def sellers(team: Team | None) -> QuerySet[User]:
    """Those who sell in the team."""
    return _with_role(team, Role.REP)


def load_of(people: Collection[int]) -> Counter[int]:
    """How much each of them has open."""
    load: Counter[int] = Counter()
    for weigher in _weighers:
        load.update(weigher(list(people)))
    return load


def due(at: datetime) -> datetime | None:
    """By when sales has agreed to answer what is offered at that moment; None where no hours are agreed."""
    rules = HandOverRules.get()
    return clocking.after(at, rules.agreed_hours, week(rules)) if rules.agreed_hours else None


def week(rules: HandOverRules) -> clocking.WorkingWeek:
    """When sales works: by the company's clock, without the holidays of everywhere and of its country."""
    zone = ZoneInfo(Company.get().time_zone)
    here = country_of_zone(zone.key)
    off = set(holidays.days_off())
    if here:
        off |= {on for on, where in Holiday.objects.values_list("on", "country") if code_of_country(where) == here}
    return clocking.WorkingWeek(frozenset(rules.days), rules.opens, rules.closes, zone, off)


def latest(lead: Lead, *, up_to: int | None = None) -> HandOver | None:
    """The newest offer that stands, up to that step of the lead."""
    offers = lead.handovers.standing().select_related("to", "owner_before", "team_before")
    return (offers.filter(seq__lte=up_to) if up_to else offers).last()


def give_back(lead: Lead, *, reason: str, by, at: datetime) -> None:
    """After sales handed the lead back it is whose it was before, and they are told why."""
    offered = latest(lead)
    if offered is None:
        return
    _take_turns()
    _return(lead, offered, by=by, at=at, via=Origin.RULE)
    if offered.owner_before and offered.owner_before != by:
        notifying.notify(
            offered.owner_before,
            kind="handed_back",
            words=_("%(name)s is handed back: %(reason)s") % {"name": lead.name, "reason": reason},
            url=reverse("leads:lead", args=[lead.pk]),
            key=_key_of_return(lead, lead.seq),
            at=at,
        )


def withdraw(lead: Lead, *, seq: int, by, at: datetime) -> None:
    """The step that offered it is taken back: the lead is whose it was, and who has not read of it yet never will."""
    if offered := lead.handovers.filter(seq=seq).select_related("to", "owner_before", "team_before").first():
        _take_turns()
        _return(lead, offered, by=by, at=at, via=Origin.UNDO)
        notifying.unsay(_key(offered))
        notifying.unsay(_key_of_lateness(offered))
    lead.accept_by = None


def renew(lead: Lead, *, seq: int, ended: int, by, at: datetime) -> None:
    """The step that `ended` the offer of `seq` is taken back: it stands again, for the same person and until the same
    moment, and who has not read that it was handed back never will."""
    offered = latest(lead, up_to=seq)
    if offered is None:
        return
    notifying.unsay(_key_of_return(lead, ended))
    if _was_given(offered) and lead.owner_id == offered.owner_before_id:  # as `_return` left it
        team = offered.territory.team if offered.territory else lead.team
        revising.revise(lead, owner=offered.to, team=team, by=by, at=at, via=Origin.UNDO)
    lead.accept_by = offered.due_at


def escalate(*, at: datetime) -> Iterator[int]:
    """Tell the managers, once, of every lead whose agreed hours have passed; how many so far, after each commit."""
    told = 0
    late = Lead.objects.overdue(at).order_by("accept_by", "pk").values_list("pk", flat=True)
    for pk in list(late):
        told += _escalate(pk, at=at)
        yield told


@transaction.atomic
def _escalate(pk: int, *, at: datetime) -> bool:
    lead = Lead.objects.overdue(at).select_for_update(of=("self",)).filter(pk=pk).first()
    offered = lead and latest(lead)
    if lead is None or offered is None or offered.escalated_at:
        return False
    HandOver.objects.filter(pk=offered.pk).update(escalated_at=at)
    _take_turns()
    words = _("%(name)s has waited for an answer of sales since %(when)s: %(who)s.") % {
        "name": lead.name,
        "when": in_words(offered.at),
        "who": offered.to or _("nobody has taken it"),
    }
    for manager in managers(lead.team):
        _say(manager, offered, kind="overdue", words=words, key=_key_of_lateness(offered), at=at, by_mail=True)
    return True


def managers(team: Team | None) -> list[User]:
    """Those who lead the team; where nobody does, the administrators."""
    leading = list(_with_role(team, Role.MANAGER)) if team else []
    return leading or list(User.objects.filter(Q(memberships__role=Role.ADMIN), is_active=True).distinct())


def in_words(moment: datetime) -> str:
    """A moment as people of the company read it, whoever's browser asks."""
    return date_format(moment.astimezone(ZoneInfo(Company.get().time_zone)), "D, j M, H:i")


def _tell(offered: HandOver, lead: Lead, *, at: datetime) -> None:
    until = _(" Accept it or hand it back by %(when)s.") % {"when": in_words(offered.due_at)} if offered.due_at else ""
    if offered.to and (offered.territory or offered.to.has_role(Role.REP)):
        words = _("%(name)s is handed over to you.") % {"name": lead.name} + until
        return _say(offered.to, offered, kind="handed_over", words=words, at=at, by_mail=True)
    if offered.territory:
        words = _("Nobody in %(team)s has room for %(name)s.") % {"team": lead.team, "name": lead.name} + until
        people = managers(lead.team)
    else:
        words = _("%(name)s is ready for sales.") % {"name": lead.name} + until
        people = list(sellers(lead.team))
    for person in people:
        _say(person, offered, kind="handed_over", words=words, at=at)
    return None


def _say(person: User, offered: HandOver, *, kind: str, words: str, at: datetime, key="", by_mail=False) -> None:
    """Nobody is told of what they did themselves."""
    if person.pk == offered.by_id and kind == "handed_over":
        return
    address = reverse("leads:lead", args=[offered.lead_id])
    notifying.notify(person, kind=kind, words=words, url=address, key=key or _key(offered), at=at, by_mail=by_mail)


def _key(offered: HandOver) -> str:
    return f"hand-over {offered.lead_id} {offered.seq}"


def _key_of_lateness(offered: HandOver) -> str:
    return f"overdue {_key(offered)}"


def _key_of_return(lead: Lead, seq: int) -> str:
    return f"handed back {lead.pk} {seq}"


def _return(lead: Lead, offered: HandOver, *, by, at: datetime, via: str) -> None:
    """Whose it was before the offer, unless somebody has given it to another since."""
    if _was_given(offered) and lead.owner_id == offered.to_id:
        revising.revise(lead, owner=offered.owner_before, team=offered.team_before, by=by, at=at, via=via)


def _was_given(offered: HandOver) -> bool:
    """Whether the offer changed whose it is; its territory may be gone since."""
    return bool(offered.territory_id) or offered.to_id != offered.owner_before_id


def _with_role(team: Team | None, role: str) -> QuerySet[User]:
    members = User.objects.filter(is_active=True, memberships__team=team, memberships__role=role)
    return members.order_by("pk").distinct()


def _fits(wanted: str, has: str, *, same: Callable[[str, str], bool]) -> bool:
    return not wanted.strip() or same(wanted, has)


def _same_words(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()


def _same_country(one: str, other: str) -> bool:
    """Named in English or by two letters."""
    return _same_words(one, other) or bool(code := code_of_country(one)) and code == code_of_country(other)


def _take_turns() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AFTER_THE_OTHER])
