"""What the demo company's marketing and sales agreed on, what is known of its leads, and who waits for an answer."""

from __future__ import annotations

from datetime import datetime
from random import Random

from deals.models import LostReason
from leads.domain import agreeing, checking, offering
from leads.models import Answer, Criterion, HandBackReason, HandOver, Lead, LeadChange, LeadStage, Said, Share
from pipeline_crm.accounts.models import Team, User
from pipeline_crm.foundation.append_only import Origin

from . import people

AGREED_HOURS = 24
MOST_TRIES = {"Technical fit": 1, "Competitor": 3}
NOTES = {
    "Need": ("High bills at two sites", "Must report from next year", "Wants to know where it goes"),
    "Budget": ("Planned for this year", "About 20 000", "Decided in spring", "Needs a payback below two years"),
    "Authority": ("Decides together with the CFO", "The board decides", "Signs alone up to 10 000"),
    "Timing": ("After the summer", "Before the new contract", "As soon as possible"),
}


def furnish(leads: list[Lead], *, teams: dict[str, Team], reps: dict[str, list[User]], at: datetime, seed: int) -> None:
    """Written after the leads, each fact at the moment at which it would have been recorded."""
    rng = Random(f"handover {seed}")
    criteria = checking.usual(by=None, at=at)
    agreeing.set_clock(agreed_hours=AGREED_HOURS, by=None, at=at)
    for country in ("Switzerland", "Austria"):
        agreeing.keep_territory(country=country, team=teams[people.SOUTH], share=Share.TURNS, by=None, at=at)
    agreeing.keep_territory(team=teams[people.NORTH], share=Share.LOAD, most_open=40, by=None, at=at)
    HandBackReason.objects.bulk_create(HandBackReason(name=name) for name in people.HAND_BACK_REASONS)
    for name, most in MOST_TRIES.items():
        LostReason.objects.filter(name=name).update(most_tries=most)
    standing = [lead for lead in leads if lead.stage in (LeadStage.QUALIFICATION, LeadStage.READY)]
    Answer.objects.bulk_create(answer for lead in standing for answer in _answers(lead, criteria, rng))
    _offers([lead for lead in standing if lead.stage == LeadStage.READY], reps)


def _answers(lead: Lead, criteria: list[Criterion], rng: Random) -> list[Answer]:
    """Whoever is ready was asked everything; of the others a part is known."""
    known = criteria if lead.stage == LeadStage.READY else criteria[: rng.randrange(len(criteria))]
    return [
        Answer(
            lead=lead,
            criterion=criterion,
            said=Said.YES if criterion.name == "Need" or rng.random() < 0.7 else Said.NO,
            note=rng.choice(NOTES[criterion.name]) if rng.random() < 0.6 else "",
            by=lead.owner,
            at=lead.stage_entered_at,
        )
        for criterion in known
    ]


def _offers(ready: list[Lead], reps: dict[str, list[User]]) -> None:
    """Each is with one of its team, by turns, and has a clock."""
    for turn, lead in enumerate(ready):
        taker = reps[lead.team.name][turn % len(reps[lead.team.name])]
        at = lead.stage_entered_at
        HandOver.objects.create(
            lead=lead,
            seq=lead.seq,
            to=taker,
            territory=offering.territory_of(lead.organisation),
            owner_before=lead.owner,
            team_before=lead.team,
            due_at=offering.due(at),
            by=lead.owner,
            at=at,
        )
        LeadChange.objects.create(
            lead=lead,
            field="owner",
            before=lead.owner_id,
            after=taker.pk,
            by=lead.owner,
            recorded_at=at,
            source=Origin.RULE,
        )
        Lead.objects.filter(pk=lead.pk).update(owner=taker, accept_by=offering.due(at))
