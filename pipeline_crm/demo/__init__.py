"""A believable company's two years up to now, the same for the same seed and moment.

`simulation` invents what happened, `people` to whom; this module writes it through the bulk twin of the domain's verbs,
as if each step had been recorded when it happened.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from analytics import targeting
from deals.domain import _log as deal_log
from deals.domain import shaping
from deals.models import Deal, DealActivity, DealChange, DealLine, LostReason, Pipeline, Product, Stage
from leads.domain import _log as lead_log
from leads.domain.dialling import dialled
from leads.models import (
    ActivityKind,
    DisqualifyReason,
    Lead,
    LeadActivity,
    LeadStage,
    Organisation,
    Person,
    Recycling,
    Source,
)
from pipeline_crm.accounts.domain.rates import RateTable
from pipeline_crm.accounts.models import Company, ExchangeRate, Membership, Team, User
from pipeline_crm.foundation import ranks
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.loading import copy_in

from . import duplicates, handover, judgement, marketing, people, simulation
from .simulation import ZONE, DealStory, LeadStory

PIPELINE = "New business"
LEADS = 3000
HOUSES = 2300
EVALUATION_PASSWORD = "lumen-field"  # noqa: S105 - for evaluations on one's own machine, and shown at every start
CHANCES = {"Inquiry": "0.15", "Hearing": "0.25", "Proposal": "0.40", "Estimate": "0.60"}
BY_SALES = ("accepted", "waiting")


class NotEmpty(Refusal):
    """The demo is for an empty installation: it must not mix with real customers."""


@dataclass
class Summary:
    leads: int
    deals: int
    open_deals: int


def is_possible() -> bool:
    """Whether nobody and nothing is here yet."""
    return not (User.objects.exists() or Lead.objects.exists() or Pipeline.objects.exists())


@transaction.atomic
def load(*, at: datetime, seed: int = 1, password: str = EVALUATION_PASSWORD) -> Summary:
    """Fill an empty installation with the demo company. Refused when it is not empty (NotEmpty)."""
    if not is_possible():
        raise NotEmpty(_("There are users, leads or pipelines already; the demo loads into an empty installation."))
    return _Company(Random(seed), at).build(password)


def sign_in_lines() -> list[str]:
    """Who can sign in to the demo and how, one line each; nothing when this is no evaluation with the demo."""
    if not settings.EVALUATION or not User.objects.filter(email=people.COLLEAGUES[0].email).exists():
        return []
    shown = {}
    for colleague in people.COLLEAGUES:
        shown.setdefault(colleague.role, colleague)
    width = max(len(colleague.email) for colleague in shown.values())
    return [f"{colleague.email:<{width}}  {EVALUATION_PASSWORD}  ({colleague.role})" for colleague in shown.values()]


@dataclass
class _Company:
    rng: Random
    at: datetime
    leads: list[tuple[Lead, LeadStory]] = field(default_factory=list)
    deals: list[tuple[Deal, DealStory]] = field(default_factory=list)
    changes: list[DealChange] = field(default_factory=list)

    @property
    def today(self) -> date:
        return self.at.astimezone(ZONE).date()

    def build(self, password: str) -> Summary:
        self._colleagues(password)
        self._words()
        self._shape()
        stories = list(simulation.stories(self.rng, LEADS, people.SOURCES, self.at))
        self._prospects(stories)
        for story, person in zip(stories, self.persons, strict=True):
            self._lead(story, person)
        self._write_leads()
        self._write_deals()
        self._write_activities()
        marketing.furnish(
            self.leads, sources=self.sources, marketers=self.marketers, at=self.at, seed=self.rng.getrandbits(32)
        )
        written = [lead for lead, _story in self.leads]
        handover.furnish(written, teams=self.teams, reps=self.reps, at=self.at, seed=self.rng.getrandbits(32))
        duplicates.plant((lead for lead, _story in self.leads), at=self.at)
        self._targets()
        seed = self.rng.getrandbits(32)
        judgement.furnish(self.pipeline, reps=self.reps, teams=self.teams, manager=self.manager, at=self.at, seed=seed)
        is_open = sum(1 for _deal, story in self.deals if story.is_open)
        return Summary(len(self.leads), len(self.deals), is_open)

    def _targets(self) -> None:
        """A quarter more than what half a year brought on average: for this month, this quarter and the next."""
        half_a_year = Deal.objects.won().filter(stage_entered_at__gt=self.at - timedelta(days=182))
        monthly = (half_a_year.aggregate(total=Sum("base_amount"))["total"] or Decimal(0)) / 6 * Decimal("1.25")
        month = self.today.replace(day=1)
        quarter = month.replace(month=3 * ((month.month - 1) // 3) + 1)
        for start, months in ((month, 1), (quarter, 3), (_later(quarter, 3), 3)):
            targeting.set_target(
                self.pipeline,
                starts_on=start,
                ends_on=_later(start, months) - timedelta(days=1),
                amount=max(round(monthly * months, -4), Decimal(10_000)),
                reason="Plan of the year",
                by=self.manager,
                at=self.at - timedelta(days=60),
            )

    def _colleagues(self, password: str) -> None:
        hashed = make_password(password)
        Company.objects.update_or_create(pk=1, defaults={"name": people.COMPANY})
        self.teams = {name: Team.objects.create(name=name) for name in (people.NORTH, people.SOUTH)}
        users = User.objects.bulk_create(
            User(email=one.email, name=one.name, password=hashed, is_staff=one.role == "admin")
            for one in people.COLLEAGUES
        )
        Membership.objects.bulk_create(
            Membership(user=user, team=self.teams[team], role=one.role)
            for user, one in zip(users, people.COLLEAGUES, strict=True)
            for team in one.teams
        )
        by_role: dict[str, list[User]] = {}
        for user, one in zip(users, people.COLLEAGUES, strict=True):
            by_role.setdefault(one.role, []).append(user)
        self.marketers, self.manager = by_role["marketer"], by_role["manager"][0]
        self.reps = {
            name: [user for user, one in zip(users, people.COLLEAGUES, strict=True) if one.teams == (name,)]
            for name in self.teams
        }

    def _words(self) -> None:
        """Sources, reasons, products, and what a franc was worth."""
        named = Source.objects.bulk_create(Source(name=name) for name in people.SOURCES)
        self.sources = {source.name: source for source in named}
        DisqualifyReason.objects.bulk_create(DisqualifyReason(name=name) for name in people.DISQUALIFY_REASONS)
        reasons = LostReason.objects.bulk_create(
            LostReason(name=name, contact_again_after_days=days) for name, days in people.LOST_REASONS.items()
        )
        self.reasons = {reason.name: reason for reason in reasons}
        self.products = Product.objects.bulk_create(
            Product(name=name, price=price) for name, price in people.PRODUCTS.items()
        )
        first = self.today - simulation.YEARS - timedelta(days=31)
        ExchangeRate.objects.bulk_create(
            ExchangeRate(
                currency="CHF",
                on=first + timedelta(days=30 * month),
                rate=Decimal(round(1.03 + 0.02 * self.rng.uniform(-1, 1), 4)).quantize(Decimal("0.0001")),
            )
            for month in range(26)
        )
        self.rates = RateTable.load()

    def _shape(self) -> None:
        self.pipeline = shaping.create_pipeline(PIPELINE, by=None, is_default=True, time_zone=ZONE.key)
        self.stages: dict[str, Stage] = {}
        for stage in self.pipeline.stages.all():
            if stage.name in CHANCES:
                shaping.set_rules(stage, by=None, fixed_chance=Decimal(CHANCES[stage.name]))
            self.stages[stage.name if stage.is_open else {"won": "Order", "lost": "Lost"}[stage.kind]] = stage

    def _prospects(self, stories: list[LeadStory]) -> None:
        """A person for each lead; some work for the same house."""
        houses = people.houses(self.rng, HOUSES)
        organisations = Organisation.objects.bulk_create(Organisation(**house._asdict()) for house in houses)
        chosen = organisations + self.rng.choices(organisations, k=max(0, len(stories) - len(organisations)))
        self.rng.shuffle(chosen)
        self.persons = []
        for organisation in chosen[: len(stories)]:
            name = people.person_name(self.rng)
            phone = f"+49 30 {self.rng.randint(100, 999)}{len(self.persons):04}" if self.rng.random() < 0.6 else ""
            self.persons.append(
                Person(
                    name=name,
                    email=f"{name.lower().replace(' ', '.')}@{organisation.domain}",
                    phone=phone,
                    phone_e164=dialled(phone),
                    role=self.rng.choice(people.ROLES),
                    organisation=organisation,
                )
            )
        copy_in(self.persons)

    def _lead(self, story: LeadStory, person: Person) -> None:
        rng = self.rng
        team = rng.choice(list(self.teams.values()))
        stage = story.steps[-1].stage
        tags = [rng.choice(people.CAMPAIGNS[story.source])] if story.source in people.CAMPAIGNS else []
        lead = Lead(
            person=person,
            organisation=person.organisation,
            source=self.sources[story.source],
            team=team,
            owner=None if stage == "generation" and rng.random() < 0.4 else rng.choice(self.marketers),
            attempt=story.attempt,
            contact_again_on=story.contact_again_on,
            value=Decimal(round(9000 * story.size / 100) * 100) if stage != "generation" else None,
            currency="CHF" if person.organisation.country == "Switzerland" else "EUR",
            tags=tags,
        )
        rng.random()  # one draw less, and the company would have another history
        self.leads.append((lead, story))
        rep = rng.choice(self.reps[team.name])
        for deal_story in story.deals:
            self.deals.append((self._deal(lead, story, deal_story, rep), deal_story))

    def _deal(self, lead: Lead, story: LeadStory, deal_story: DealStory, rep: User) -> Deal:
        rng = self.rng
        lines = self._lines(story.size)
        amount = sum((quantity * price for _product, quantity, price in lines), Decimal(0))
        closed = deal_story.steps[-1].at if not deal_story.is_open else None
        reason = deal_story.steps[-1].reason
        deal = Deal(
            pipeline=self.pipeline,
            lead=lead,
            organisation=lead.organisation,
            person=lead.person,
            title=f"{lines[0][0].name}, {lead.organisation.sector.lower()}",
            owner=None if deal_story.stage == "Inquiry" and rng.random() < 0.15 else rep,
            team=lead.team,
            amount=amount,
            currency=lead.currency,
            base_amount=self.rates.to_base(amount, lead.currency, on=(closed or deal_story.steps[0].at).date()),
            expected_close=self._expected_close(deal_story, closed),
            deal_type=deal_story.kind,
            attempt=deal_story.attempt,
            competitor=rng.choice(people.COMPETITORS) if reason == "Competitor" or rng.random() < 0.12 else "",
            concerns=rng.choice(people.CONCERNS) if rng.random() < 0.35 else "",
            tags=["several sites"] if story.size > 2.5 else [],
        )
        deal.planned_lines = lines
        return deal

    def _lines(self, size: float) -> list[tuple[Product, int, Decimal]]:
        """What is offered, worth about 9,000 times the size."""
        wanted, lines = 9_000 * size, []
        main = self.rng.choice([product for product in self.products if product.price < max(wanted, 2_000)])
        lines.append((main, max(1, round(wanted * 0.8 / main.price)), Decimal(main.price)))
        if wanted > 4_000 and self.rng.random() < 0.6:
            extra = self.rng.choice([product for product in self.products if product is not main])
            lines.append((extra, max(1, round(wanted * 0.2 / extra.price)), Decimal(extra.price)))
        return lines

    def _expected_close(self, story: DealStory, closed: datetime | None) -> date:
        if closed:
            return closed.astimezone(ZONE).date() + timedelta(days=round(self.rng.gauss(0, 9)))
        ahead = max(
            -20, self.rng.gauss({"Inquiry": 50, "Hearing": 40, "Proposal": 28, "Estimate": 12}[story.stage], 14)
        )
        return self.today + timedelta(days=round(ahead))

    def _write_leads(self) -> None:
        self._rank(self.leads)
        lead_log.write_histories(
            [(lead, self._lead_steps(lead, story)) for lead, story in self.leads], source=Origin.USER
        )
        copy_in(
            Recycling(
                lead=lead,
                seq=back.seq,
                attempt=back.attempt,
                reason=back.reason,
                amount=deal.amount,
                currency=deal.currency,
                contact_again_on=back.contact_again_on,
                by=deal.owner,
                at=back.at,
            )
            for lead, story in self.leads
            for back in story.returns
            for deal in [self._deal_of(back.deal)]
        )

    def _deal_of(self, story: DealStory) -> Deal:
        if not hasattr(self, "_by_story"):
            self._by_story = {id(told): deal for deal, told in self.deals}
        return self._by_story[id(story)]

    def _lead_steps(self, lead: Lead, story: LeadStory) -> list[lead_log.Step]:
        marketer = lead.owner or self.marketers[0]
        rep = self._deal_of(story.deals[0]).owner if story.deals else self.reps[lead.team.name][0]
        steps, before = [], None
        for step in story.steps:
            reason, by = None, rep if step.stage in BY_SALES else marketer
            if step.stage == LeadStage.DISQUALIFIED:
                reason = self.rng.choice(people.DISQUALIFY_REASONS)
            elif before == LeadStage.READY and step.stage == LeadStage.QUALIFICATION:
                reason, by = self.rng.choice(people.HAND_BACK_REASONS), rep
            steps.append(lead_log.Step(to=step.stage, at=step.at, recorded_at=step.at, by=by, reason=reason))
            before = step.stage
        return steps

    def _write_deals(self) -> None:
        self._rank(self.deals)
        histories = []
        for deal, story in self.deals:
            deal.lead_id = deal.lead.pk
            histories.append((deal, self._deal_steps(deal, story)))
        deal_log.write_histories(histories, source=Origin.USER)
        copy_in(
            DealLine(deal=deal, product=product, quantity=quantity, unit_price=price)
            for deal, _story in self.deals
            for product, quantity, price in deal.planned_lines
        )
        for change in self.changes:
            change.deal_id = change.deal.pk
        copy_in(sorted(self.changes, key=lambda change: change.recorded_at))

    def _deal_steps(self, deal: Deal, story: DealStory) -> list[deal_log.Step]:
        """The steps with the amount of the moment: a first guess until the proposal, the offer from there on."""
        guess = Decimal(max(1, round(float(deal.amount) * self.rng.uniform(0.7, 1.3) / 500))) * 500
        known, steps = guess, []
        for step in story.steps:
            if step.stage in ("Proposal", "Estimate", "Order") and known != deal.amount:
                self._change(deal, "amount", str(known), str(deal.amount), step.at)
                known = deal.amount
            steps.append(
                deal_log.Step(
                    to=self.stages[step.stage],
                    at=step.at,
                    recorded_at=step.at,
                    by=deal.owner,
                    reason=self.reasons[step.reason] if step.reason else None,
                    amount=known,
                )
            )
        if known != deal.amount:
            deal.amount = known
            deal.base_amount = self.rates.to_base(known, deal.currency, on=steps[-1].at.date())
            deal.planned_lines = []
        self._pushes(deal, story)
        return steps

    def _pushes(self, deal: Deal, story: DealStory) -> None:
        """Expected closes slip, mostly to later."""
        after = deal.expected_close
        for step in reversed(story.steps[1:]):
            if self.rng.random() < 0.35:
                before = after - timedelta(days=self.rng.choice((7, 14, 14, 30, 30, -7)))
                self._change(deal, "expected_close", before.isoformat(), after.isoformat(), step.at)
                after = before

    def _change(self, deal: Deal, name: str, before: Any, after: Any, at: datetime) -> None:
        self.changes.append(
            DealChange(deal=deal, field=name, before=before, after=after, by=deal.owner, recorded_at=at)
        )

    def _write_activities(self) -> None:
        done: list[LeadActivity] = []
        for lead, story in self.leads:
            done += self._past(LeadActivity, "lead", lead, story.steps, lead.owner)
            if story.steps[-1].stage in ("generation", "nurturing", "qualification", "ready"):
                done += self._next(
                    LeadActivity, "lead", lead, story.steps[-1].stage, lead.owner or self.marketers[0], nothing=0.3
                )
        copy_in(done)
        done_for_deals: list[DealActivity] = []
        for deal, story in self.deals:
            done_for_deals += self._past(DealActivity, "deal", deal, story.steps, deal.owner, visited=story.is_visited)
            if story.is_open:
                done_for_deals += self._next(
                    DealActivity, "deal", deal, story.stage, deal.owner or self.reps[deal.team.name][0]
                )
        copy_in(done_for_deals)

    def _past(
        self, model: type, name: str, card: Any, steps: list[simulation.Step], by: User | None, *, visited: bool = False
    ) -> Iterable[Any]:
        """What was done between the steps: a call, a visit, a note; in the first stage of sales a visit where it was
        one of those that are visited early."""
        rng = self.rng
        for step, following in zip(steps, [*steps[1:], None], strict=True):
            until = following.at if following else self.at
            is_visit = visited and step.stage == "Inquiry"
            if step.stage in ("disqualified", "unsubscribed", "accepted", "waiting", "Lost"):
                continue
            if rng.random() < 0.45 and not is_visit:
                continue
            when = step.at + (until - step.at) * rng.uniform(0.05, 0.9)
            kinds = [ActivityKind.CALL, ActivityKind.EMAIL, ActivityKind.NOTE]
            kind = rng.choice(kinds if step.stage == "Inquiry" else [*kinds, ActivityKind.MEETING])
            if is_visit:
                kind = ActivityKind.MEETING
            done = people.DONE_BY_SALES if name == "deal" else people.DONE_BY_MARKETING
            subject = rng.choice(done[kind]) if kind in done else ""
            outcome = rng.choice(people.NOTES) if kind == ActivityKind.NOTE or rng.random() < 0.4 else ""
            due = None if kind == ActivityKind.NOTE else when.astimezone(ZONE).date()
            yield model(
                **{name: card}, kind=kind, subject=subject, outcome=outcome, due_on=due, done_at=when, by=by,
                person=card.person, created_at=when,
            )  # fmt: skip

    def _next(self, model: type, name: str, card: Any, stage: str, by: User, nothing: float = 0.14) -> Iterable[Any]:
        """What is planned: overdue, today, later, or nothing at all."""
        rng = self.rng
        chance = rng.random()
        if chance < nothing:
            return
        if chance < nothing + 0.16:
            due = self.today - timedelta(days=rng.randint(1, 9))
        elif chance < nothing + 0.32:
            due = self.today
        else:
            due = self.today + timedelta(days=rng.randint(1, 16))
        kind, subject = rng.choice(people.NEXT[stage])
        created = min(max(card.stage_entered_at, self.at - timedelta(days=rng.randint(2, 12))), self.at)
        yield model(
            **{name: card}, kind=kind, subject=subject, due_on=due, by=by, person=card.person,
            created_at=created,
        )  # fmt: skip

    def _rank(self, cards: list[tuple[Any, Any]]) -> None:
        """Places in the columns: what waits by its day, what has ended the newest first, the rest as people drag it."""
        columns: dict[str, list[tuple[Any, Any]]] = {}
        for card, story in cards:
            columns.setdefault(story.steps[-1].stage, []).append((card, story))
        for stage, column in columns.items():
            if stage == "waiting":
                column.sort(key=lambda pair: pair[1].contact_again_on)
            elif stage in people.NEXT:
                self.rng.shuffle(column)
            else:
                column.sort(key=lambda pair: pair[1].steps[-1].at, reverse=True)
            for (card, _story), rank in zip(column, ranks.many(len(column)), strict=True):
                card.rank = rank


def _later(first: date, months: int) -> date:
    """The first of the month so many months later."""
    years, month = divmod(first.month - 1 + months, 12)
    return date(first.year + years, month + 1, 1)
