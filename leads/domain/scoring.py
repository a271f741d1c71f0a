"""How much a lead deserves attention: points for who they are, and for what they did, each of which can be named.

    score = fit + engagement, between 0 and 100

Fit is the sum of the rules that hold for company, role and source. Each touch adds the points of its rules, and half of
them fade with each half-life.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from pipeline_crm.accounts.domain import settings
from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.loading import update_many
from pipeline_crm.jobs.domain import accepting

from ..models import Lead, Organisation, Person, ScoreDay, ScoreFact, ScoreRule, Touch, TouchKind
from ..models.score import HIGHEST
from .contacting.persons import house_of

WEEK = timedelta(days=7)
FADED = 10  # half-lives, after which a touch is worth nothing
AT_ONCE = 500
BUSY = timedelta(minutes=1)
USUAL = [
    {"about": "touch", "touch_kind": "reply", "points": 20, "half_life_days": 30},
    {"about": "touch", "touch_kind": "meeting", "points": 20, "half_life_days": 45},
    {"about": "touch", "touch_kind": "form", "points": 15, "half_life_days": 30},
    {"about": "touch", "touch_kind": "api", "points": 15, "half_life_days": 30},
    {"about": "touch", "touch_kind": "call", "points": 10, "half_life_days": 30},
    {"about": "touch", "touch_kind": "joined", "points": 5, "half_life_days": 30},
    {"about": "touch", "touch_kind": "click", "points": 5, "half_life_days": 14, "most": 15},
]


class RuleIsUnclear(Refusal):
    """A rule says for what it gives points, how many, and how touches fade."""

    status = 422


@dataclass(frozen=True)
class Point:
    """Some of a score: how much, what for, and since when if it fades."""

    points: float
    words: str
    at: datetime | None = None

    @property
    def shown(self) -> int:
        return round(self.points)


@dataclass(frozen=True)
class Score:
    """A lead's score with everything it is made of."""

    fit: tuple[Point, ...] = ()
    engagement: tuple[Point, ...] = ()

    @property
    def fit_points(self) -> int:
        return round(sum(point.points for point in self.fit))

    @property
    def engagement_points(self) -> int:
        return round(sum(point.points for point in self.engagement))

    @property
    def total(self) -> int:
        return min(max(self.fit_points + self.engagement_points, 0), HIGHEST)


def explained(lead: Lead, touches: Iterable[Touch], rules: Sequence[ScoreRule], *, at: datetime) -> Score:
    """The score of the lead at a moment, by these rules: touches that came later do not count yet."""
    fit = [Point(rule.points, words) for rule in rules if (words := _fits(lead, rule))]
    engagement: list[Point] = []
    happened = sorted((touch for touch in touches if touch.at <= at), key=lambda touch: touch.at, reverse=True)
    for rule in rules:
        if rule.about == ScoreFact.TOUCH:
            engagement += _faded(rule, happened, at)
    engagement.sort(key=lambda point: point.at or at, reverse=True)
    return Score(tuple(fit), tuple(engagement))


def of_lead(lead: Lead, *, at: datetime) -> Score:
    """The score of one lead, explained by the rules as they are now."""
    rules = list(ScoreRule.objects.all())
    return explained(lead, _touches_of([lead], rules, at)[lead.pk], rules, at=at)


@transaction.atomic
def rescore(ids: Collection[int], *, at: datetime) -> int:
    """Count the points of these leads anew, as far as they are open; answers how many scores are others now.

    Leads that somebody is changing at this moment are not waited for: a job comes back to them.
    """
    wanted = Lead.objects.open().filter(pk__in=ids)
    if not ids:
        return 0
    leads = _held(wanted)
    missed = sorted(set(wanted.values_list("pk", flat=True)) - {lead.pk for lead in leads})
    if missed:
        key = f"leads {missed[0]} and {len(missed) - 1} more at {at.isoformat()}"
        accepting.accept("leads.score", key=key, args={"leads": missed}, due_at=at + BUSY, at=at)
    return _write(leads, at=at)


@transaction.atomic
def rescore_for(
    *, lead: Lead | None = None, person: Person | None = None, organisation: Organisation | None = None, at: datetime
) -> int:
    """Count anew for the open leads that something is known of now: the lead, and all of the person or organisation."""
    return rescore(_concerned(lead, person, organisation), at=at)


def rescore_soon(*, lead: Lead | None = None, person: Person | None = None, because: str) -> None:
    """The same by a job, once for each reason: for whoever does not know what time it is, or must not wait."""
    if ids := _concerned(lead, person, None):
        accepting.accept("leads.score", key=because, args={"leads": sorted(ids)})


def rescore_all(*, at: datetime) -> Iterator[tuple[int, int]]:
    """Count every open lead anew, some at a time: yields how many were looked at and how many scores are others now,
    wherever that may be committed."""
    seen = changed = last = 0
    while some := list(Lead.objects.open().filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            changed += _write(_held(Lead.objects.filter(pk__in=some)), at=at)
        seen, last = seen + len(some), some[-1]
        yield seen, changed


@transaction.atomic
def keep_rule(rule: ScoreRule | None = None, *, by, at: datetime, **facts) -> ScoreRule:
    """Add a rule, or change the one given; every score is counted anew by a job.

    Refused (RuleIsUnclear): no points, or more than a score can have; nothing they are given for; touches that never
    fade.
    """
    facts["words"] = ", ".join(_alternatives(facts.get("words", rule.words if rule else "")))
    _check(ScoreRule(**({name: getattr(rule, name) for name in _RULED_BY} if rule else {}) | facts))
    if rule:
        settings.revise(rule, by=by, at=at, **facts)
    else:
        rule = ScoreRule.objects.create(**facts)
    _all_soon(at)
    return rule


@transaction.atomic
def drop_rule(rule: ScoreRule, *, by, at: datetime) -> None:
    """The rule is gone, and so are its points."""
    rule.delete()
    _all_soon(at)


@transaction.atomic
def begin_as_usual(*, by, at: datetime) -> None:
    """Points for touches as many begin with, where there are no rules yet; what is there already stays."""
    if not ScoreRule.objects.exists():
        ScoreRule.objects.bulk_create(ScoreRule(**facts) for facts in USUAL)
        _all_soon(at)


_RULED_BY = ("about", "words", "at_least", "at_most", "touch_kind", "points", "half_life_days", "most")


def _concerned(lead: Lead | None, person: Person | None, organisation: Organisation | None) -> set[int]:
    """The open leads that are the lead, the person's or the organisation's; of what was merged, those that stand."""
    which = Q(pk__in=[])
    if lead:
        which |= Q(pk=lead.merged_into_id or lead.pk)
    if person:
        which |= Q(person=person.merged_into_id or person.pk)
    if organisation:
        which |= Q(organisation=organisation) | Q(organisation=None, person__organisation=organisation)
    return set(Lead.objects.open().filter(which).values_list("pk", flat=True))


def _check(rule: ScoreRule) -> None:
    if not rule.points or abs(rule.points) > HIGHEST:
        raise RuleIsUnclear(_("Give or take between 1 and %(most)s points.") % {"most": HIGHEST}, fields=["points"])
    if rule.about == ScoreFact.TOUCH:
        if rule.touch_kind not in TouchKind.values:
            raise RuleIsUnclear(_("Say which touch."), fields=["touch_kind"])
        if not rule.half_life_days:
            raise RuleIsUnclear(_("Say within how many days half of it fades."), fields=["half_life_days"])
    elif rule.about == ScoreFact.SIZE:
        least, most = rule.at_least, rule.at_most
        if least is None and most is None:
            raise RuleIsUnclear(_("Say from or to how many employees."), fields=["at_least"])
        if least is not None and most is not None and least > most:
            raise RuleIsUnclear(_("This is before the beginning of the range."), fields=["at_most"])
    elif not rule.words:
        raise RuleIsUnclear(_("Say for which."), fields=["words"])


def _alternatives(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


def _fits(lead: Lead, rule: ScoreRule) -> str:
    """What about the lead the rule gives points for, in words; nothing when it does not hold."""
    house = house_of(lead.person, lead.organisation)
    if rule.about == ScoreFact.SIZE:
        size = house.employees if house else None
        within = size is not None and (rule.at_least or 0) <= size and (rule.at_most is None or size <= rule.at_most)
        return _("%(n)s employees") % {"n": size} if within else ""
    if rule.about == ScoreFact.ROLE:
        role = lead.person.role if lead.person else ""
        return role if any(word.casefold() in role.casefold() for word in _alternatives(rule.words)) else ""
    if rule.about == ScoreFact.SOURCE:
        fact = lead.source.name if lead.source else ""
    elif rule.about in (ScoreFact.SECTOR, ScoreFact.COUNTRY):
        fact = getattr(house, rule.about) if house else ""
    else:
        return ""
    return fact if fact.casefold() in [word.casefold() for word in _alternatives(rule.words)] else ""


def _faded(rule: ScoreRule, touches: Sequence[Touch], at: datetime) -> list[Point]:
    """What is left of the rule's points for each touch, the newest first, as far as they may add up."""
    words = [word.casefold() for word in _alternatives(rule.words)]
    left = float(rule.most) if rule.most else float("inf")
    points = []
    for touch in touches:
        if touch.kind != rule.touch_kind or (words and not any(word in touch.what.casefold() for word in words)):
            continue
        worth = rule.points * 0.5 ** ((at - touch.at) / timedelta(days=rule.half_life_days or 1))
        worth = max(min(worth, left), -left)
        left -= abs(worth)
        if worth:
            points.append(Point(worth, _in_words(touch), touch.at))
    return points


def _in_words(touch: Touch) -> str:
    kind = touch.get_kind_display()
    return f"{kind}: {touch.what}" if touch.what else str(kind)


def _touches_of(leads: Sequence[Lead], rules: Sequence[ScoreRule], at: datetime) -> dict[int, list[Touch]]:
    """{lead: its touches and its person's, also of what was merged into them}, as far as they may still count."""
    found: dict[int, dict[int, Touch]] = {lead.pk: {} for lead in leads}
    longest = max((rule.half_life_days or 0 for rule in rules), default=0)
    if not longest:
        return defaultdict(list)
    recent = Touch.objects.filter(at__gt=at - WEEK - timedelta(days=longest * FADED), at__lte=at)
    by_lead: dict[int | None, list[int]] = {lead.pk: [lead.pk] for lead in leads}
    for pk, kept in Lead.objects.filter(merged_into__in=list(found)).values_list("pk", "merged_into"):
        by_lead[pk] = by_lead[kept]
    by_person: dict[int | None, list[int]] = defaultdict(list)
    for lead in leads:
        if lead.person_id:
            by_person[lead.person_id].append(lead.pk)
    for pk, kept in Person.objects.filter(merged_into__in=list(by_person)).values_list("pk", "merged_into"):
        by_person[pk] = by_person[kept]
    for touch in recent.filter(lead__in=list(by_lead)):
        for pk in by_lead[touch.lead_id]:
            found[pk][touch.pk] = touch
    for touch in recent.filter(person__in=list(by_person)):
        for pk in by_person[touch.person_id]:
            found[pk][touch.pk] = touch
    return defaultdict(list, {pk: list(touches.values()) for pk, touches in found.items()})


def _held(leads: QuerySet[Lead]) -> list[Lead]:
    """The leads with all that fit is about, locked; those that somebody else has locked are left out."""
    held = leads.select_for_update(skip_locked=True, of=("self",)).order_by("pk")
    return list(held.select_related("person__organisation", "organisation", "source"))


def _write(leads: list[Lead], *, at: datetime) -> int:
    """Keep what the scores are now and were a week ago. The card's version stays: nobody's work on it is contested."""
    rules = list(ScoreRule.objects.all())
    touches = _touches_of(leads, rules, at)
    today, others, days = _today(at), [], []
    for lead in leads:
        now = explained(lead, touches[lead.pk], rules, at=at)
        before = explained(lead, touches[lead.pk], rules, at=at - WEEK).total
        if now.total != lead.score:
            fit, engagement = now.fit_points, now.engagement_points
            days.append(ScoreDay(lead=lead, on=today, score=now.total, fit=fit, engagement=engagement))
        if (now.total, before) != (lead.score, lead.score_week_ago):
            lead.score, lead.score_week_ago = now.total, before
            others.append(lead)
    update_many(others, ["score", "score_week_ago"])
    ScoreDay.objects.bulk_create(
        days,
        update_conflicts=True,
        unique_fields=["lead", "on"],
        update_fields=["score", "fit", "engagement"],
    )
    return len(days)


def _today(at: datetime) -> date:
    return at.astimezone(ZoneInfo(Company.get().time_zone)).date()


def _all_soon(at: datetime) -> None:
    accepting.accept("leads.score_all", key=f"rules of {at.isoformat()}", at=at)
