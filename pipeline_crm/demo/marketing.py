"""What marketing did at the demo company: forms, campaigns with costs, consents, cadences and their mails, touches.

Written for the leads that are there already, each fact at the moment at which it would have been recorded.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from deals.models import DealActivity
from leads.domain import scoring
from leads.domain.contacting import templating
from leads.models import (
    ActivityKind,
    Basis,
    Cadence,
    CadenceStep,
    Campaign,
    CampaignCost,
    Capture,
    Channel,
    Consent,
    ConsentProof,
    Enrolment,
    EnrolmentState,
    Lead,
    LeadActivity,
    LeadForm,
    Mail,
    MailState,
    MailTemplate,
    Purpose,
    Reply,
    ScoreRule,
    Segment,
    Source,
    StepTaken,
    Touch,
    TouchKind,
)
from pipeline_crm.accounts.models import User
from pipeline_crm.foundation.loading import copy_in

from . import people
from .simulation import YEARS, ZONE, LeadStory

SITE = f"https://www.{people.DOMAIN}"
CONSENT_WORDS = "Yes, Lumen Field Energy may write to me about its products. I can withdraw this at any time."
INTEREST = "Talked to us at the fair and asked for more."
LOWEST_HOUR, HIGHEST_HOUR = 9, 16
CLICKED, ANSWERED = 0.24, 0.07
ENROLLED = {"first": 0.7, "again": 0.75}
FITS = (
    {"about": "size", "at_least": 250, "points": 15},
    {"about": "size", "at_least": 50, "at_most": 249, "points": 10},
    {"about": "role", "words": "manager, CFO, Owner", "points": 10},
    {"about": "source", "words": "Referral, Partner", "points": 10},
)
SEGMENTS = {
    "Warm, but not yet qualified": "stage=nurturing&score_from=40",
    "Silent for a month": "stage=nurturing&untouched_for=30",
    "Came back from sales": "recycled=1",
}
WEEKS_OF_SCORES = 8


def furnish(
    leads: list[tuple[Lead, LeadStory]], *, sources: dict[str, Source], marketers: list[User], at: datetime, seed: int
) -> None:
    """Write everything down. The same seed and moment give the same marketing."""
    _Marketing(Random(f"marketing {seed}"), leads, sources, marketers, at).write()


@dataclass
class _Marketing:
    rng: Random
    leads: list[tuple[Lead, LeadStory]]
    sources: dict[str, Source]
    marketers: list[User]
    at: datetime
    touches: list[Touch] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    offers: dict[int, Consent] = field(default_factory=dict)  # person → on what they may be written to

    def write(self) -> None:
        self._shape()
        self._campaigns()
        self._captures()
        self._consents()
        self._send()
        self._talks()
        copy_in(self.replies)
        copy_in(sorted(self.touches, key=lambda touch: touch.at))
        self._scores()
        self._segments()

    def _shape(self) -> None:
        began = self.at - YEARS
        texts = {
            name: MailTemplate.objects.create(name=name, subject=subject, body=body, created_at=began)
            for name, (subject, body) in people.MAILS.items()
        }
        self.steps = {}
        for key, (name, steps) in people.CADENCES.items():
            cadence = Cadence.objects.create(name=name, created_at=began)
            self.steps[key] = CadenceStep.objects.bulk_create(
                CadenceStep(
                    cadence=cadence,
                    position=position,
                    kind="email" if words in texts else "call",
                    template=texts.get(words),
                    subject="" if words in texts else words,
                    wait_days=days,
                )
                for position, (days, words) in enumerate(steps, 1)
            )
        self.forms = {
            source: LeadForm.objects.create(
                name=name,
                heading=heading,
                thanks="Thank you. We will be in touch.",
                consent_words=CONSENT_WORDS,
                origins=[SITE],
                source=self.sources[source],
                created_at=began,
            )
            for source, (name, heading, _page) in people.FORMS.items()
        }

    def _campaigns(self) -> None:
        """One of each name and year for fairs, one for all the time for what goes on for ever."""
        first, last = (self.at - YEARS).astimezone(ZONE).date(), self.at.astimezone(ZONE).date()
        self.words: dict[tuple[str, int | None], str] = {}
        costs: list[CampaignCost] = []
        for name, (source, first_month, last_month, price) in people.FAIRS.items():
            for year in range(first.year, last.year + 1):
                starts, ends = date(year, first_month, 1), date(year, last_month, 28)
                if ends < first or starts > last:
                    continue
                campaign = self._campaign(f"{name} {year}", source, starts, ends)
                self.words[name, year] = campaign.word
                costs += self._costs(campaign, [starts], price, "Stand and travel")
        for name, (source, price, what) in people.EVERY_MONTH.items():
            campaign = self._campaign(name, source, first, None)
            self.words[name, None] = campaign.word
            months = [first.replace(day=1) + timedelta(days=31 * n) for n in range(1, 24)]
            costs += self._costs(campaign, [day.replace(day=1) for day in months if day <= last], price, what)
        copy_in(costs)

    def _campaign(self, name: str, source: str, starts: date, ends: date | None) -> Campaign:
        word = name.lower().replace(" ", "-")
        return Campaign.objects.create(
            name=name,
            source=self.sources[source],
            word=word,
            starts_on=starts,
            ends_on=ends,
            created_at=self.at - YEARS,
        )

    def _costs(self, campaign: Campaign, days: list[date], price: int, what: str) -> Iterable[CampaignCost]:
        for day in days:
            amount = Decimal(round(price * self.rng.uniform(0.85, 1.2) / 10) * 10)
            said = min(self.at, datetime.combine(day, time(9), ZONE) + timedelta(days=3))
            yield CampaignCost(
                campaign=campaign,
                on=day,
                amount=amount,
                currency="EUR",
                what=what,
                by=self.marketers[0],
                recorded_at=said,
            )

    def _word(self, lead: Lead, day: date) -> str:
        """By which campaign the lead came, if by any."""
        for tag in lead.tags:
            if word := self.words.get((tag, day.year)) or self.words.get((tag, None)):
                return word
        advertised = lead.source and lead.source.name == "Website" and self.rng.random() < 0.45
        return self.words["Search adverts", None] if advertised else ""

    def _captures(self) -> None:
        """How each came in: by a form, over a talk, or as a recommendation that nobody can see."""
        captures: list[tuple[Capture, Touch]] = []
        for lead, story in self.leads:
            began, source = story.steps[0].at, story.source
            word = self._word(lead, began.astimezone(ZONE).date())
            campaign = {"utm_source": source.lower(), "utm_campaign": word} if word else {}
            touch = self._touch(lead, TouchKind.FORM, began, campaign=campaign, source=lead.source)
            if source in self.forms:
                name, _heading, page = people.FORMS[source]
                touch.page, touch.what = f"{SITE}{self.rng.choice(page)}", f"Sent “{name}”"
                captures.append((self._capture(lead, self.forms[source], touch), touch))
            elif source == "Trade fair":
                touch.kind, touch.what = TouchKind.MEETING, "Talked at the fair"
            elif source in ("Referral", "Partner"):
                touch.kind, touch.what = TouchKind.CALL, "Was recommended to us"
            else:
                self.touches.pop()
        copy_in([capture for capture, _touch in captures])
        for capture, touch in captures:
            touch.key = f"capture {capture.pk}"

    def _capture(self, lead: Lead, form: LeadForm, touch: Touch) -> Capture:
        person = lead.person
        said = {"name": person.name, "email": person.email, "organisation": str(lead.organisation), "agreed": True}
        return Capture(
            form=form,
            lead=lead,
            said=said,
            campaign=touch.campaign,
            page=touch.page,
            received_at=touch.at - timedelta(minutes=self.rng.randint(2, 90)),
            confirmed_at=touch.at,
        )

    def _consents(self) -> None:
        said: list[Consent] = []
        for lead, story in self.leads:
            began = story.steps[0].at
            if story.source in self.forms:
                said.append(self._consent(lead, Basis.CONSENT, Channel.FORM, began))
            elif story.source in ("Trade fair", "Referral", "Partner"):
                said.append(self._consent(lead, Basis.INTEREST, Channel.HAND, began))
            else:
                continue
            self.offers[lead.person_id] = said[-1]
            if story.steps[-1].stage == "unsubscribed":
                said.append(self._consent(lead, Basis.WITHDRAWN, Channel.MAIL, story.steps[-1].at))
        copy_in(said)
        words = {Basis.CONSENT: CONSENT_WORDS, Basis.INTEREST: INTEREST}
        copy_in(ConsentProof(consent=one, words=words[one.basis]) for one in said if one.basis in words)

    def _consent(self, lead: Lead, basis: Basis, channel: Channel, at: datetime) -> Consent:
        by = lead.owner if channel == Channel.HAND else None
        return Consent(person=lead.person, purpose=Purpose.OFFERS, basis=basis, channel=channel, at=at, by=by)

    def _send(self) -> None:
        """Whoever may be written to gets the first cadence in Nurturing, and another one when they come again."""
        ways: list[tuple[Enrolment, list[tuple[CadenceStep, datetime]]]] = []
        for lead, story in self.leads:
            if lead.person_id not in self.offers:
                continue
            for step, following in zip(story.steps, [*story.steps[1:], None], strict=True):
                key = "again" if any(back.at < step.at for back in story.returns) else "first"
                if step.stage == "nurturing" and self.rng.random() < ENROLLED[key]:
                    ways.append(self._way(lead, self.steps[key], step.at, following))
        copy_in([enrolment for enrolment, _taken in ways])
        mails, calls, taken = list[Mail](), list[LeadActivity](), list[StepTaken]()
        for enrolment, steps in ways:
            for step, when in steps:
                done = StepTaken(enrolment=enrolment, step=step, at=when)
                if step.template:
                    done.mail = self._mail(enrolment.lead, step.template, when)
                    mails.append(done.mail)
                else:
                    done.activity = self._call(enrolment.lead, step.subject, when)
                    calls.append(done.activity)
                taken.append(done)
        copy_in(mails)
        copy_in(calls)
        for done in taken:
            done.mail_id, done.activity_id = done.mail and done.mail.pk, done.activity and done.activity.pk
        copy_in(taken)
        for mail in mails:
            self._interest(mail)

    def _way(self, lead: Lead, steps: list[CadenceStep], begins: datetime, following) -> tuple:
        """An enrolment and the steps it took, until the lead went on or the present came."""
        until = min(following.at if following else self.at, self.at)
        taken, due, left = list[tuple[CadenceStep, datetime]](), begins, list(steps)
        while left:
            due = self._in_hours(due + timedelta(days=left[0].wait_days))
            if due >= until:
                break
            taken.append((left.pop(0), due))
        enrolment = Enrolment(
            lead=lead, cadence_id=steps[0].cadence_id, state=EnrolmentState.FINISHED, by=lead.owner,
            started_at=begins, ended_at=taken[-1][1] if taken else until,
        )  # fmt: skip
        if left and following is None:
            enrolment.state, enrolment.next_step, enrolment.due_at = EnrolmentState.RUNNING, left[0], due
            enrolment.ended_at = None
        elif left:
            enrolment.state, enrolment.ended_at = EnrolmentState.STOPPED, until
            enrolment.ended_because = following.stage.capitalize()
        return enrolment, taken

    def _mail(self, lead: Lead, template: MailTemplate, when: datetime) -> Mail:
        owner = lead.owner or self.marketers[0]
        facts = {
            "first_name": lead.person.name.split()[0],
            "name": lead.person.name,
            "company": str(lead.organisation),
            "topic": lead.title,
            "my_name": owner.name,
            "my_email": owner.email,
            "our_company": people.COMPANY,
        }
        return Mail(
            lead=lead, person=lead.person, template=template, purpose=template.purpose,
            consent=self.offers[lead.person_id], to=lead.person.email, subject=templating.fill(template.subject, facts),
            text=templating.fill(template.body, facts), state=MailState.SENT, due_at=when, sent_at=when, tries=1,
            by=lead.owner, created_at=when,
        )  # fmt: skip

    def _call(self, lead: Lead, subject: str, when: datetime) -> LeadActivity:
        """Planned by the cadence; mostly done on the day, or the day after."""
        done = when + timedelta(hours=self.rng.randint(1, 26))
        return LeadActivity(
            lead=lead, person=lead.person, kind=ActivityKind.CALL, subject=subject, by=lead.owner, created_at=when,
            due_on=when.astimezone(ZONE).date(), done_at=done if done < self.at and self.rng.random() < 0.85 else None,
        )  # fmt: skip

    def _interest(self, mail: Mail) -> None:
        """Some follow a link, a few answer."""
        sent, chance = mail.sent_at, self.rng.random()
        when = sent + timedelta(minutes=round(self.rng.lognormvariate(4.5, 1.2)))
        if when >= self.at:
            return
        if chance < CLICKED:
            page = f"{SITE}{self.rng.choice(people.READ)}"
            self._touch(mail.lead, TouchKind.CLICK, when, what=f"Followed a link in “{mail.template}”", page=page)
        elif chance < CLICKED + ANSWERED:
            reply = self._reply(mail, when)
            self._touch(mail.lead, TouchKind.REPLY, when, what=reply.subject[:200])

    def _reply(self, mail: Mail, when: datetime) -> Reply:
        written = f"On {mail.sent_at:%a, %d %b %Y}, {mail.by or people.COMPANY} wrote:"
        reply = Reply(
            message_id=f"answer-{mail.pk}@{mail.to.rpartition('@')[2]}", person=mail.person, lead=mail.lead, mail=mail,
            sender=mail.to, sender_name=mail.person.name, subject=f"Re: {mail.subject}"[:300],
            text=f"{self.rng.choice(people.ANSWERS)}\n\n{mail.person.name}",
            quoted="\n> ".join([written, *mail.text.splitlines()]), written_at=when, received_at=when,
        )  # fmt: skip
        self.replies.append(reply)
        return reply

    def _talks(self) -> None:
        """Calls and meetings that were done, of leads and of deals."""
        kinds = {ActivityKind.CALL: TouchKind.CALL, ActivityKind.MEETING: TouchKind.MEETING}
        of_person = {lead.person_id: lead for lead, _story in self.leads}
        for model in (LeadActivity, DealActivity):
            for done in model.objects.filter(kind__in=kinds, done_at__isnull=False).order_by("pk"):
                lead = of_person.get(done.person_id)
                if lead:
                    key = f"{model._meta.label_lower} {done.pk}"
                    self._touch(lead, kinds[ActivityKind(done.kind)], done.done_at, what=done.subject, key=key)

    def _touch(self, lead: Lead, kind: TouchKind, at: datetime, **facts) -> Touch:
        touch = Touch(
            lead=lead, person=lead.person, organisation=lead.organisation, kind=kind, at=at, **{"key": None, **facts}
        )
        self.touches.append(touch)
        return touch

    def _in_hours(self, when: datetime) -> datetime:
        """On a working day, between nine and four, and never earlier."""
        local = when.astimezone(ZONE)
        while local.weekday() > 4 or local.hour > HIGHEST_HOUR:
            local = datetime.combine(local.date() + timedelta(days=1), time(LOWEST_HOUR), ZONE)
        return max(when, local.replace(hour=max(local.hour, LOWEST_HOUR), minute=self.rng.randrange(60)))

    def _scores(self) -> None:
        """The rules, and what they gave week by week to those who were there."""
        ScoreRule.objects.bulk_create(ScoreRule(**facts) for facts in (*scoring.USUAL, *FITS))
        began = {lead.pk: story.steps[0].at for lead, story in self.leads if lead.is_open}
        for weeks in range(WEEKS_OF_SCORES, 0, -1):
            when = self.at - timedelta(weeks=weeks)
            scoring.rescore([pk for pk, at in began.items() if at <= when], at=when)
        scoring.rescore(list(began), at=self.at)

    def _segments(self) -> None:
        began = self.at - timedelta(days=60)
        for name, query in SEGMENTS.items():
            Segment.objects.create(name=name, query=query, owner=self.marketers[0], created_at=began)
