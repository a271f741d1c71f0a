"""All that happened with a person, in order, from every app that knows something of it.

Each app tells what it knows (registered with `tells`), of the cards that whoever asks may see; of others it tells how
many words there are, and none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from pipeline_crm.foundation.append_only import AmendmentKind, Card
from pipeline_crm.foundation.templatetags.ui import ACTIVITY_ICONS, day, money

from ..models import (
    Activity,
    ActivityKind,
    Answer,
    Basis,
    Capture,
    Consent,
    Enrolment,
    Lead,
    LeadActivity,
    LeadAmendment,
    LeadEvent,
    LeadStage,
    Mail,
    MailState,
    Merge,
    MergeKind,
    Person,
    Recycling,
    Reply,
    Touch,
    TouchKind,
)

OF_CARD = ("lead__person", "lead__organisation")
FIRST, THEN, LAST = range(3)  # of what happened at one moment: the deal opens after acceptance, is lost before return


@dataclass(frozen=True)
class Entry:
    """One thing that happened: what in a few words, what was said or written, by whom, and on which card."""

    at: datetime
    icon: str
    words: str
    detail: str = ""
    by: Any = None
    card: Any = None
    address: str = ""
    place: int = FIRST

    @property
    def order(self) -> tuple[datetime, int]:
        return self.at, self.place


@dataclass(frozen=True)
class Told:
    """What one app knows of them: what may be shown, and how much there is besides."""

    entries: Sequence[Entry]
    hidden: int = 0


Teller = Callable[[Sequence[Person], Any], Told]
_tellers: list[Teller] = []


def tells(teller: Teller) -> Teller:
    """Register `teller(people, user)`; `people` are the records of one person."""
    if teller not in _tellers:
        _tellers.append(teller)
    return teller


def story(person: Person, *, user) -> Told:
    """Everything, from the beginning to now."""
    told = [teller(records(person), user) for teller in _tellers]
    entries = sorted((entry for one in told for entry in one.entries), key=lambda entry: entry.order)
    return Told(entries, sum(one.hidden for one in told))


def records(person: Person) -> list[Person]:
    """The person's record and those that were merged into it."""
    return [person, *Person.objects.filter(merged_into=person)]


def leads_of(people: Sequence[Person]) -> QuerySet[Lead]:
    """Their leads, and those merged into them, whoever sees them."""
    return Lead.objects.filter(Q(person__in=people) | Q(merged_into__person__in=people)).distinct()


@tells
def of_person(people: Sequence[Person], _user: Any) -> Told:
    """What they agreed to, and which records were made one: everyone here sees that."""
    merges = Merge.objects.standing().filter(kind=MergeKind.PERSON, other__in=[one.pk for one in people])
    named = {one.pk: one for one in people}
    entries = [_of_consent(consent) for consent in Consent.objects.filter(person__in=people).select_related("by")]
    entries += [
        Entry(merge.at, "users", _("Merged with another record: %(name)s") % {"name": named[merge.other]}, by=merge.by)
        for merge in merges.select_related("by")
    ]
    return Told(entries)


@tells
def of_leads(people: Sequence[Person], user: Any) -> Told:
    """Forms, mails both ways, links followed, calls and notes, answers of the checklist, and the steps of leads."""
    every = leads_of(people)
    seen = every.filter(pk__in=Lead.objects.visible_to(user))
    cards = {lead.pk: lead for lead in seen.select_related("organisation", "person", "merged_into")}
    ours = Q(lead__in=cards)
    with_them = Q(lead__in=every) | Q(person__in=people)
    captures = Capture.objects.filter(lead__in=every).select_related("form", *OF_CARD)
    mails = Mail.objects.filter(with_them, state=MailState.SENT).select_related("by", *OF_CARD)
    replies = Reply.objects.filter(with_them).select_related(*OF_CARD)
    clicks = Touch.objects.filter(with_them, kind__in=[TouchKind.CLICK, TouchKind.JOINED]).select_related(*OF_CARD)
    done = LeadActivity.objects.filter(with_them).exclude(done_at=None).select_related("by", *OF_CARD)
    answers = Answer.objects.filter(lead__in=every).select_related("criterion", "by", *OF_CARD)
    sought = (
        (captures, captures.filter(ours), _of_capture),
        (mails, mails.visible_to(user), _of_mail),
        (replies, replies.visible_to(user), _of_reply),
        (clicks, clicks.visible_to(user), _of_click),
        (done, done.filter(lead__in=Lead.objects.visible_to(user)), of_activity),
        (answers, answers.filter(ours), _of_answer),
    )
    entries = [tell(row) for _all, shown, tell in sought for row in shown]
    hidden = sum(all_.count() - shown.count() for all_, shown, _tell in sought)
    entries += _steps(cards)
    enrolled = Enrolment.objects.filter(ours).select_related("cadence", "by", *OF_CARD)
    entries += [entry for enrolment in enrolled for entry in _of_enrolment(enrolment)]
    return Told(entries, hidden + LeadEvent.objects.filter(card__in=every.exclude(pk__in=cards)).count())


def of_activity(activity: Activity) -> Entry:
    """A call, mail, meeting, task or note, of whichever card."""
    card = getattr(activity, "deal", None) or activity.lead  # type: ignore[attr-defined]
    words = activity.subject or str(activity.get_kind_display())
    if activity.kind == ActivityKind.NOTE and activity.outcome:
        words = str(_("Note"))
    elif activity.subject:
        words = f"{activity.get_kind_display()}: {activity.subject}"
    assert activity.done_at is not None
    icon = ACTIVITY_ICONS[activity.kind]
    return Entry(activity.done_at, icon, words, activity.outcome, activity.by, card, address_of(card))


def effective_at(event: Any, amendments: Iterable[Any]) -> datetime | None:
    """When the step happened after all that was said of it later; None when it never did."""
    at = event.occurred_at
    for amendment in amendments:
        if amendment.seq == event.seq and amendment.kind == AmendmentKind.VOID:
            return None
        if amendment.seq == event.seq:
            at = amendment.occurred_at
    return at


def address_of(card: Card) -> str:
    return f"/{card._meta.model_name}s/{card.pk}/"


def _of_consent(consent: Consent) -> Entry:
    purpose = consent.get_purpose_display()
    match consent.basis:
        case Basis.WITHDRAWN:
            words = _("Wants no more: %(purpose)s")
        case Basis.INTEREST:
            words = _("Legitimate interest recorded: %(purpose)s")
        case _consented:
            words = _("Agreed to: %(purpose)s")
    icon = "circle-x" if consent.basis == Basis.WITHDRAWN else "circle-check"
    return Entry(consent.at, icon, words % {"purpose": purpose}, str(consent.get_channel_display()), consent.by)


def _of_capture(capture: Capture) -> Entry:
    said = capture.said.get("message", "")
    words = _("Sent “%(form)s”") % {"form": capture.form}
    came_by = [value for name, value in capture.campaign.items() if name in ("utm_source", "utm_campaign")]
    detail = "\n".join(filter(None, (said, " · ".join([*came_by, *filter(None, [capture.page])]))))
    return Entry(capture.received_at, "inbox", words, detail, None, capture.lead, address_of(capture.lead))


def _of_mail(mail: Mail) -> Entry:
    words = _("Mail sent: %(subject)s") % {"subject": mail.subject}
    twice = str(_("May have been sent twice.")) if mail.may_be_twice else ""
    assert mail.sent_at is not None
    return Entry(mail.sent_at, "mail", words, twice, mail.by, mail.lead, f"/marketing/mails/{mail.pk}/")


def _of_reply(reply: Reply) -> Entry:
    words = _("Automatic reply: %(subject)s") if reply.is_automatic else _("Replied: %(subject)s")
    card = reply.lead
    address = address_of(card) if card else ""
    return Entry(reply.written_at, "message-square", words % {"subject": reply}, reply.text, None, card, address)


def _of_click(touch: Touch) -> Entry:
    card = touch.lead
    words = f"{touch.get_kind_display()}: {touch.what}" if touch.what else str(touch.get_kind_display())
    return Entry(touch.at, "activity", words, touch.page, None, card, address_of(card) if card else "")


def _of_answer(answer: Answer) -> Entry:
    words = f"{answer.criterion}: {answer.get_said_display()}"  # type: ignore[attr-defined]
    return Entry(answer.at, "check", words, answer.note, answer.by, answer.lead, address_of(answer.lead))


def _of_enrolment(enrolment: Enrolment) -> list[Entry]:
    lead = enrolment.lead
    began = _("Cadence begun: %(name)s") % {"name": enrolment.cadence}
    entries = [Entry(enrolment.started_at, "activity", began, "", enrolment.by, lead, address_of(lead))]
    if enrolment.ended_at:
        ended = _("Cadence ended: %(name)s") % {"name": enrolment.cadence}
        why = enrolment.ended_because
        entries.append(Entry(enrolment.ended_at, "activity", ended, why, None, lead, address_of(lead), LAST))
    return entries


def _steps(cards: dict[int, Lead]) -> list[Entry]:
    amendments: dict[int, list] = {pk: [] for pk in cards}
    for amendment in LeadAmendment.objects.filter(card__in=cards).order_by("id"):
        amendments[amendment.card_id].append(amendment)
    returns = {(row.lead_id, row.seq): row for row in Recycling.objects.filter(lead__in=cards)}
    entries = []
    for event in LeadEvent.objects.filter(card__in=cards).select_related("by").order_by("card", "seq"):
        at = effective_at(event, amendments[event.card_id])
        if at is None:
            continue
        icon, words = _in_words(event, returns.get((event.card_id, event.seq)))
        card = cards[event.card_id]
        place = LAST if event.to_stage == LeadStage.WAITING else FIRST
        entries.append(Entry(at, icon, words, "", event.by, card, address_of(card.standing), place))
    return entries


def _in_words(event: LeadEvent, returned: Recycling | None) -> tuple[str, str]:
    """An icon and a sentence for a step of a lead."""
    facts = {
        "from": event.get_from_stage_display(),  # type: ignore[attr-defined]
        "to": event.get_to_stage_display(),  # type: ignore[attr-defined]
        "reason": event.reason or (returned.reason if returned else "") or "–",
    }
    match event.from_stage, event.to_stage:
        case None, LeadStage.ACCEPTED:
            return "plus", str(_("Came in by sales"))
        case None, _to:
            return "plus", _("Came in: %(to)s") % facts
        case _from, LeadStage.READY:
            return "arrow-right", str(_("Handed over to sales"))
        case LeadStage.READY, (LeadStage.QUALIFICATION | LeadStage.NURTURING):
            return "arrow-left", _("Handed back: %(reason)s") % facts
        case _from, LeadStage.ACCEPTED:
            return "handshake", str(_("Accepted by sales"))
        case _from, LeadStage.WAITING if returned:
            facts |= {"amount": money(returned.amount, returned.currency), "day": day(returned.contact_again_on)}
            return "recycle", _("Recycled: %(reason)s, %(amount)s. Contact again on %(day)s") % facts
        case LeadStage.WAITING, LeadStage.NURTURING:
            return "recycle", str(_("Contact again: back in Nurturing"))
        case _from, LeadStage.DISQUALIFIED:
            return "circle-x", _("Disqualified: %(reason)s") % facts
        case _from, LeadStage.UNSUBSCRIBED:
            return "circle-x", str(_("Unsubscribed"))
    return "arrow-right-left", _("Moved from %(from)s to %(to)s") % facts
