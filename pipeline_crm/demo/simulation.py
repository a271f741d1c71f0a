"""How leads and deals of the demo company come and go: chance and time, nothing else. Knows no database.

Each lead lives through its own story until the present cuts it off, as it does in real life; what is open is open
because its next step has not happened yet. The planted truths: deals that entered Estimate within the last `SLOW_SINCE`
stay there `SLOWER` times as long and are lost more often; who was visited before the first hearing buys more often.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
YEARS = timedelta(days=730)
SLOW_SINCE = timedelta(days=120)
SLOWER = 3.0
LOSS_WHEN_SLOW = 1.2
MONTHS = (0.9, 1.0, 1.15, 1.0, 1.0, 1.05, 0.8, 0.65, 1.2, 1.15, 1.1, 0.6)
GROWTH = 0.35

# Median days in a stage; the spread of their logarithm is SPREAD.
LEAD_DAYS = {"generation": 3.0, "nurturing": 9.0, "qualification": 5.0, "ready": 1.9}
DEAL_DAYS = {"Inquiry": 3.6, "Hearing": 5.4, "Proposal": 5.6, "Estimate": 5.0}
SPREAD = 0.75
OPEN_STAGES = tuple(DEAL_DAYS)
# The chance to be lost in a stage; to skip the next one; to fall back to the one before.
LOSS = {"Inquiry": 0.15, "Hearing": 0.20, "Proposal": 0.22, "Estimate": 0.36}
SKIP, BACK = 0.05, 0.06
# Referrals are won more often; the odds of a loss are multiplied.
LOSS_BY_SOURCE = {"Referral": 0.65, "Partner": 0.8, "Outbound": 1.25}
VISITED = 0.4
LOSS_WHEN_VISITED, LOSS_OTHERWISE = 0.4, 1.4
LOST_BECAUSE = {
    "Inquiry": {"No answer any more": 5, "Technical fit": 3, "No budget this year": 2},
    "Hearing": {"Technical fit": 3, "No budget this year": 4, "No answer any more": 3},
    "Proposal": {"No budget this year": 4, "Competitor": 3, "No decision": 4, "Price": 2},
    "Estimate": {"Price": 5, "Competitor": 4, "No decision": 4},
}
# Of the losses that may come back, the share that is put back to marketing, to wait about so many days.
RECYCLED = 0.4
COMES_BACK_AFTER = {"No answer any more": 70, "No decision": 95, "Price": 130, "No budget this year": 160}
MOST_ATTEMPTS = 3
RENEWED = 0.4


@dataclass
class Step:
    stage: str
    at: datetime
    reason: str | None = None


@dataclass
class DealStory:
    kind: str
    attempt: int
    steps: list[Step] = field(default_factory=list)
    is_visited: bool = False  # early, by sales

    @property
    def stage(self) -> str:
        return self.steps[-1].stage

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN_STAGES


@dataclass
class Return:
    """The lead came back from sales with its step number `seq`."""

    seq: int
    attempt: int
    reason: str
    deal: DealStory
    contact_again_on: date
    at: datetime


@dataclass
class LeadStory:
    source: str
    size: float
    steps: list[Step] = field(default_factory=list)
    deals: list[DealStory] = field(default_factory=list)
    returns: list[Return] = field(default_factory=list)

    @property
    def attempt(self) -> int:
        return len(self.returns) + 1

    @property
    def contact_again_on(self) -> date | None:
        return self.returns[-1].contact_again_on if self.steps[-1].stage == "waiting" else None


class Present(Exception):
    """The story has reached today."""


def arrivals(rng: Random, count: int, at: datetime) -> list[datetime]:
    """When so many leads arrive within the two years: growing, by season, hardly on weekends."""
    first = (at - YEARS).astimezone(ZONE).date()
    days = [first + timedelta(days=n) for n in range(YEARS.days)]
    weights = [
        MONTHS[day.month - 1] * (0.12 if day.weekday() > 4 else 1) * (1 + GROWTH * n / len(days))
        for n, day in enumerate(days)
    ]
    return sorted(_clock(rng, day) for day in rng.choices(days, weights, k=count))


def lead_story(rng: Random, source: str, begins: datetime, at: datetime) -> LeadStory:
    """A lead's whole life, as far as it has come by `at`. `size` is how large it is, 1 being usual."""
    story = LeadStory(source, rng.lognormvariate(0, 0.8), [Step("generation", begins)])
    try:
        while _with_marketing(rng, story, at):
            if not _with_sales(rng, story, at):
                break
    except Present:
        pass
    return story


def _with_marketing(rng: Random, story: LeadStory, at: datetime) -> bool:
    """From wherever it stands to sales; False when marketing lets it go."""
    returned = story.attempt > 1
    while True:
        here = story.steps[-1].stage
        if here == "ready" and rng.random() < 0.9:
            _go(rng, story.steps, "accepted", LEAD_DAYS["ready"], at)
            return True
        days = LEAD_DAYS[here] * (0.5 if returned else 1)
        reason = None
        if here == "generation":
            to = _choose(rng, {"nurturing": 58, "qualification": 15, "disqualified": 27})
        elif here == "nurturing":
            to = _choose(rng, {"qualification": 82 if returned else 70, "disqualified": 22, "unsubscribed": 8})
        elif here == "qualification":
            to = _choose(rng, {"ready": 80, "disqualified": 12, "nurturing": 8})
        else:
            to, reason = "qualification", "handed back"
        _go(rng, story.steps, to, days, at, "disqualified" if to == "disqualified" else reason)
        if to in ("disqualified", "unsubscribed"):
            return False


def _with_sales(rng: Random, story: LeadStory, at: datetime) -> bool:
    """The deal that grows out of the lead, its renewals, or its return; False when the story ends here."""
    deal = DealStory("new", story.attempt, [Step("Inquiry", story.steps[-1].at)], rng.random() < VISITED)
    story.deals.append(deal)
    _deal(rng, deal, story, at)
    if deal.stage == "Order":
        _renewals(rng, story, at)
        return False
    reason = deal.steps[-1].reason or ""
    if reason not in COMES_BACK_AFTER or rng.random() > RECYCLED or story.attempt >= MOST_ATTEMPTS:
        return False
    back = _working(rng, deal.steps[-1].at, timedelta(minutes=rng.randint(2, 60)))
    if back > at:
        return False
    wait = timedelta(days=round(COMES_BACK_AFTER[reason] * rng.uniform(0.7, 1.3)))
    again = (back + wait).astimezone(ZONE).date()
    story.steps.append(Step("waiting", back))
    story.returns.append(Return(len(story.steps), story.attempt, reason, deal, again, back))
    woken = datetime.combine(again, time(6, 5), ZONE)
    if woken > at:
        raise Present
    story.steps.append(Step("nurturing", woken))
    return True


def _renewals(rng: Random, story: LeadStory, at: datetime) -> None:
    """A customer may buy again after a year, or more of it earlier."""
    if rng.random() > RENEWED:
        return
    kind, days = ("renewal", rng.gauss(345, 15)) if rng.random() < 0.6 else ("upsell", rng.uniform(60, 300))
    begins = _working(rng, story.deals[-1].steps[-1].at, timedelta(days=days))
    if begins <= at:
        deal = DealStory(kind, story.attempt, [Step("Hearing", begins)])
        story.deals.append(deal)
        _deal(rng, deal, story, at)


def _deal(rng: Random, deal: DealStory, story: LeadStory, at: datetime) -> None:
    """Take the deal through the stages to its end, or to the present."""
    odds = LOSS_BY_SOURCE.get(story.source, 1) * (0.35 if deal.kind == "renewal" else 1) * story.size**0.15
    odds *= 0.85 if deal.attempt > 1 else 1
    odds *= LOSS_WHEN_VISITED if deal.is_visited else LOSS_OTHERWISE
    while deal.is_open:
        here = deal.stage
        place = OPEN_STAGES.index(here)
        is_slow = here == "Estimate" and deal.steps[-1].at > at - SLOW_SINCE
        against = LOSS[here] * odds * (LOSS_WHEN_SLOW if is_slow else 1)
        share = against / (1 - LOSS[here] + against)
        days = DEAL_DAYS[here] * story.size**0.12 * (SLOWER if is_slow else 1)
        chance, reason = rng.random(), None
        if chance < share:
            to, reason, days = "Lost", _choose(rng, LOST_BECAUSE[here]), days * 1.5
        elif place and chance < share + BACK:
            to = OPEN_STAGES[place - 1]
        elif chance > 1 - SKIP and place < 2:
            to = OPEN_STAGES[place + 2]
        else:
            to = (*OPEN_STAGES, "Order")[place + 1]
        _go(rng, deal.steps, to, days, at, reason)


def _go(rng: Random, steps: list[Step], to: str, median: float, at: datetime, reason: str | None = None) -> None:
    stay = timedelta(days=median * rng.lognormvariate(0, SPREAD))
    then = _working(rng, steps[-1].at, stay)
    if then > at:
        raise Present
    steps.append(Step(to, then, reason))


def _working(rng: Random, after: datetime, stay: timedelta) -> datetime:
    """About so much later, in working hours, never before."""
    then = (after + stay).astimezone(ZONE)
    if then.weekday() > 4:
        then += timedelta(days=7 - then.weekday())
        then = _clock(rng, then.date())
    elif not 8 <= then.hour < 18:
        then = _clock(rng, then.date())
    return max(then, after + timedelta(minutes=5))


def _clock(rng: Random, day: date) -> datetime:
    seconds = int(rng.triangular(8 * 3600, 18 * 3600, 10.5 * 3600))
    return datetime.combine(day, time(), ZONE) + timedelta(seconds=seconds)


def _choose(rng: Random, weights: dict[str, float]) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def stories(rng: Random, count: int, sources: dict[str, int], at: datetime) -> Iterator[LeadStory]:
    for begins in arrivals(rng, count, at):
        if begins < at:
            own = Random(rng.getrandbits(64))  # so that one life does not change the next
            yield lead_story(own, _choose(own, sources), begins, at)
