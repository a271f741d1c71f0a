"""A mail on its way: written from a template, due at an appropriate moment, handed to the mail server by a job.

Handing over is an effect outside the database, so it stands between two commits: `begin` says that this job is at it,
`record` what came of it. A job that finds another attempt of its own half done hands the mail over once more, under the
same Message-ID, and marks it: it may have been sent twice.
"""

from __future__ import annotations

import re
import smtplib
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import formataddr, parseaddr
from urllib.parse import urlsplit

from anymail.exceptions import AnymailAPIError, AnymailError, AnymailRecipientsRefused
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection, transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.html import escape
from django.utils.translation import gettext as _
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.jobs.domain import accepting
from pipeline_crm.jobs.models import Job
from pipeline_crm.jobs.models.job import State

from ...models import Basis, DistanceRules, EnrolmentState, Lead, Mail, MailState, MailTemplate, Undeliverable
from . import clicking, consenting, explaining, recalling, returning, templating
from .persons import house_of

MOST_TRIES = 10
LOOKS_AGAIN = timedelta(days=1)
_OUR_ID = re.compile(r"mail-(\d{1,18})\.([0-9a-f]{24})@")
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=6)


class NobodyToWriteTo(Refusal):
    """A mail goes to a person with an address."""


class NoBasis(Refusal):
    """Without consent or a recorded legitimate interest nobody is written to."""


class ComesBack(Refusal):
    """Where mails come back, none are sent."""


class NotNow(Refusal):
    """The distance rules name no day on which this person may be contacted."""


class CannotBeChanged(Refusal):
    """What is on its way or gone cannot be called back."""


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str


@dataclass(frozen=True)
class Outcome:
    """What became of handing a mail over: sent, to be tried again, or failed for good. `in_doubt`: it may have gone.
    `provider_id`: what the provider calls it. `no_such_address`: nothing sent there will ever arrive."""

    state: str
    problem: str = ""
    in_doubt: bool = False
    provider_id: str = ""
    no_such_address: bool = False


def compose(lead: Lead, template: MailTemplate, *, by=None) -> Letter:
    """The template's words for this lead. Refused when something is not known and nothing stands in for it."""
    values = values_for(lead, by=by)
    return Letter(
        subject=templating.one_line(templating.fill(template.subject, values))[:300],
        text=templating.fill(template.body, values).strip(),
    )


def values_for(lead: Lead, *, by=None) -> dict[str, str]:
    """What the placeholders stand for."""
    sender = lead.owner or by
    name = lead.person.name if lead.person else ""
    return {
        "first_name": name.split()[0] if name.split() else "",
        "name": name,
        "company": lead.organisation.name if lead.organisation else "",
        "topic": lead.title,
        "my_name": sender.name if sender else "",
        "my_email": sender.email if sender else "",
        "our_company": Company.get().name,
    }


@transaction.atomic
def queue(lead: Lead, template: MailTemplate, *, by=None, at: datetime, not_before: datetime | None = None) -> Mail:
    """Write a mail to the lead's person, to be sent at the first moment the distance rules allow, and `not_before`.

    Refused: nobody with an address (NobodyToWriteTo), no consent or legitimate interest for the template's purpose
    (NoBasis), an address from which mails come back (ComesBack), no moment at all (NotNow), and what `compose` refuses.
    """
    Lead.objects.select_for_update(of=("self",)).get(pk=lead.pk)  # before turns are taken, as cadences do: no deadlock
    take_turns(lead)
    person = lead.person
    if person is None or not person.email:
        raise NobodyToWriteTo(_("There is no e-mail address for %(name)s.") % {"name": lead.name})
    basis = consenting.basis_for(person, template.purpose)
    if basis is None:
        raise NoBasis(
            _("%(name)s has not agreed to “%(purpose)s”, and no legitimate interest is recorded.")
            % {"name": lead.name, "purpose": template.get_purpose_display()}
        )
    if undeliverable := returning.undeliverable(person):
        raise ComesBack(_comes_back(undeliverable))
    letter = compose(lead, template, by=by)
    moment = recalling.next_moment(lead, at=max(at, not_before or at))
    if moment.at is None:
        situation = recalling.situation_of(person, lead.organisation, at=at)
        raise NotNow(" ".join(explaining.reasons(moment, situation.zone)))
    mail = Mail.objects.create(
        lead=lead,
        person=person,
        template=template,
        purpose=template.purpose,
        consent=basis,
        to=person.email,
        subject=letter.subject,
        text=letter.text,
        counts_clicks=DistanceRules.get().counts_clicks,
        due_at=moment.at,
        by=by,
        created_at=at,
    )
    _accept(mail, at=at)
    return mail


def take_turns(lead: Lead) -> None:
    """Until this transaction ends nobody else judges how near this person or their organisation may be contacted,
    whichever of their records they look at."""
    house, person = house_of(lead.person, lead.organisation), lead.person
    turns = [f"house {house.pk}"] if house else []
    turns += [f"person {person.email.lower() or person.pk}"] if person else []
    with connection.cursor() as cursor:
        for turn in turns:
            cursor.execute("SELECT pg_advisory_xact_lock(7301001, hashtext(%s))", [turn])


@transaction.atomic
def begin(mail: Mail, *, job: int, at: datetime) -> bool:
    """Say that this job hands the mail over now; whether it shall.

    It shall not when that has been done, when the basis is gone since it was written, or when somebody has contacted
    the person in the meantime: then it is due later, by a job of its own.
    """
    _lock(mail)
    was_begun = mail.state == MailState.SENDING and mail.sending_by == job
    if mail.state != MailState.WAITING and not was_begun:
        return False
    if consenting.basis_for(mail.person, mail.purpose) is None:
        doubt = _("It is not known whether it was sent.") if was_begun else ""
        return _stop(mail, MailState.CANCELLED, f"{_('The consent was withdrawn before it was sent.')} {doubt}".strip())
    if (undeliverable := returning.undeliverable(mail.person)) and not was_begun:
        return _stop(mail, MailState.CANCELLED, _comes_back(undeliverable))
    if not was_begun and not mail.person.email:
        return _stop(mail, MailState.CANCELLED, _("There is no e-mail address for %(name)s.") % {"name": mail.person})
    if not was_begun and mail.to != mail.person.email:  # it has been corrected since
        mail.to = mail.person.email
        mail.save(update_fields=["to"])
    if (over := _cadence_is_over(mail)) and not was_begun:
        return _stop(mail, MailState.CANCELLED, over)
    if _cadence_is_paused(mail) and not was_begun:
        return _stop(mail, MailState.WAITING, _("Its cadence is paused."))
    if was_begun:
        mail.may_be_twice = True
        mail.save(update_fields=["may_be_twice"])
        return True
    take_turns(mail.lead)
    moment = recalling.next_moment(mail.lead, at=at, besides=mail)
    if moment.at is None:
        zone = recalling.situation_of(mail.person, mail.lead.organisation, at=at).zone
        reasons = " ".join(explaining.reasons(moment, zone))
        if not hasattr(mail, "step_taken"):
            return _stop(mail, MailState.CANCELLED, reasons)
        return _wait(mail, at + LOOKS_AGAIN, reasons, at=at)  # as the steps after it do
    if moment.at > at:
        return _wait(mail, moment.at, "", at=at)
    mail.state, mail.sending_by, mail.problem = MailState.SENDING, job, ""
    mail.tries += 1
    mail.save(update_fields=["state", "sending_by", "tries", "problem"])
    return True


def hand_over(mail: Mail) -> Outcome:
    """Give the mail to the mail server, and tell what it said."""
    server = get_connection()
    try:
        server.open()
    except (OSError, smtplib.SMTPException) as problem:
        return Outcome(MailState.WAITING, f"{type(problem).__name__}: {problem}")
    try:
        message = as_message(mail, server)
        server.send_messages([message])
    except smtplib.SMTPRecipientsRefused as refusal:
        return _refused_address(*next(iter(refusal.recipients.values())))
    except smtplib.SMTPResponseException as refusal:
        return _refused(refusal.smtp_code, refusal.smtp_error)
    except smtplib.SMTPNotSupportedError as problem:  # the server will not learn it until tomorrow
        return Outcome(MailState.FAILED, str(problem))
    except AnymailError as problem:
        return _refused_by_provider(problem)
    except (OSError, smtplib.SMTPException) as problem:
        return Outcome(MailState.WAITING, f"{type(problem).__name__}: {problem}", in_doubt=True)
    except ValueError as problem:  # a header that Django does not let through
        return Outcome(MailState.FAILED, str(problem))
    finally:
        with suppress(OSError, smtplib.SMTPException):
            server.close()
    return Outcome(MailState.SENT, provider_id=_name_by_provider(message))


@transaction.atomic
def record(mail: Mail, outcome: Outcome, *, at: datetime) -> None:
    """Write down what came of it; a mail that did not go out is tried again later, ten times in two days."""
    _lock(mail)
    if mail.person.erased_at:  # meanwhile; what the mail server said may name them
        outcome = replace(outcome, problem="", no_such_address=False)
    mail.problem = outcome.problem[:500]
    mail.may_be_twice = mail.may_be_twice or outcome.in_doubt
    if outcome.state == MailState.WAITING and mail.tries < MOST_TRIES:
        mail.state, mail.sending_by = MailState.WAITING, None
        mail.due_at = at + min(FIRST_PAUSE * 2 ** (mail.tries - 1), LONGEST_PAUSE)
        _accept(mail, at=at)
    elif outcome.state == MailState.SENT:
        mail.state, mail.sent_at, mail.problem = MailState.SENT, at, ""
        mail.provider_id = outcome.provider_id[:200]
    else:
        mail.state = MailState.FAILED
    mail.save()
    if outcome.no_such_address:
        returning.came_back(mail.to, because=outcome.problem, at=at)


@transaction.atomic
def go_on(mail: Mail, *, at: datetime) -> None:
    """Its cadence goes on after a pause: a mail that was held is due again, at the earliest now."""
    _lock(mail)
    if mail.state == MailState.WAITING:
        mail.due_at, mail.problem = max(mail.due_at, at), ""
        mail.save(update_fields=["due_at", "problem"])
        _accept(mail, at=at, because=f"resumed {at.isoformat()}")


@transaction.atomic
def cancel(mail: Mail, *, by, at: datetime) -> None:
    """A mail that waits is not sent. Refused once it is on its way."""
    _lock(mail)
    if mail.state != MailState.WAITING:
        raise CannotBeChanged(_("This mail is not waiting any more: %(state)s.") % {"state": mail.get_state_display()})
    _stop(mail, MailState.CANCELLED, _("Cancelled by %(who)s.") % {"who": by or _("the system")})


@transaction.atomic
def send_again(mail: Mail, *, by, at: datetime) -> None:
    """Try a mail that failed anew, or one whose job was given up while at it: it may be sent twice then, and is marked.

    Refused for any other.
    """
    _lock(mail)
    was_given_up = is_given_up(mail)
    if mail.state != MailState.FAILED and not was_given_up:
        raise CannotBeChanged(_("Only a mail that failed can be tried again."))
    mail.state, mail.tries, mail.due_at, mail.problem = MailState.WAITING, 0, at, ""
    mail.sending_by, mail.may_be_twice = None, mail.may_be_twice or was_given_up
    mail.save()
    _accept(mail, at=at)


def is_given_up(mail: Mail) -> bool:
    """Whether the job that was to hand the mail over will not come back to it by itself."""
    if mail.state != MailState.SENDING or mail.sending_by is None:
        return False
    return Job.objects.filter(pk=mail.sending_by, state=State.DEAD).exists()


def as_message(mail: Mail, server=None) -> EmailMultiAlternatives:
    """The mail with its two parts and headers, the same each time it is asked for."""
    address = unsubscribing_address(mail)
    because = (
        _("You receive this because you agreed to it.")
        if mail.consent and mail.consent.basis == Basis.CONSENT
        else _("You receive this because we think it concerns your work.")
    )
    leave = _("Unsubscribe")
    text = f"{templating.as_plain(mail.text)}\n\n--\n{because}\n{leave}: {address}\n"
    body = templating.as_html(mail.text, clicking.ways(mail))
    html = (
        f'<!doctype html><html><head><meta charset="utf-8"></head><body>\n{body}\n'
        f'<hr><p><small>{escape(because)} <a href="{escape(address)}">{escape(leave)}</a></small></p></body></html>'
    )
    sender = mail.lead.owner or mail.by
    our_name, our_address = parseaddr(settings.DEFAULT_FROM_EMAIL)
    name = templating.one_line(sender.name if sender and sender.name else our_name)
    message = EmailMultiAlternatives(
        subject=templating.one_line(mail.subject),
        body=text,
        from_email=formataddr((name, our_address)),
        to=[mail.to],
        reply_to=[*filter(None, (sender.email if sender else "", settings.EMAIL_REPLIES))],
        headers={
            "Message-ID": message_id(mail),
            "List-Unsubscribe": f"<{address}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            "Auto-Submitted": "auto-generated",
        },
        connection=server,
    )
    message.attach_alternative(html, "text/html")
    return message


def message_id(mail: Mail) -> str:
    """The same for each try. Answers quote it to others, so the token with which one unsubscribes is not in it."""
    return f"<mail-{mail.pk}.{message_id_sign(mail)}@{urlsplit(settings.SITE_URL).hostname or 'localhost'}>"


def message_id_sign(mail: Mail) -> str:
    return salted_hmac("message id", mail.token).hexdigest()[:24]


def mail_of(message_id: str) -> Mail | None:
    """Which of our mails has this Message-ID, or is called that by the provider that delivered it. Made-up ones name
    none."""
    found = _OUR_ID.match(message_id)
    mail = Mail.objects.select_related("lead", "person").filter(pk=int(found[1])).first() if found else None
    if mail and constant_time_compare(message_id_sign(mail), found[2] if found else ""):
        return mail
    names = [message_id, message_id.partition("@")[0]]
    sent = Mail.objects.select_related("lead", "person").exclude(provider_id="")
    return sent.filter(provider_id__in=names).order_by("pk").first()


def unsubscribing_address(mail: Mail) -> str:
    return settings.SITE_URL + reverse("marketing:unsubscription", args=[mail.token])


def _cadence_is_over(mail: Mail) -> str:
    """Why a mail of a cadence is not to be sent any more, or nothing."""
    if not hasattr(mail, "step_taken"):
        return ""
    if mail.lead.stage not in consenting.WITH_MARKETING:
        return _("The lead left marketing before it was sent: %(stage)s.") % {"stage": mail.lead.get_stage_display()}
    enrolment = mail.step_taken.enrolment
    if enrolment.state == EnrolmentState.STOPPED:
        return _("Its cadence ended before it was sent: %(why)s.") % {"why": enrolment.ended_because}
    return ""


def _comes_back(undeliverable: Undeliverable) -> str:
    return _("Mails to %(address)s come back: %(why)s") % {
        "address": undeliverable.address,
        "why": undeliverable.because,
    }


def _cadence_is_paused(mail: Mail) -> bool:
    return hasattr(mail, "step_taken") and mail.step_taken.enrolment.state == EnrolmentState.PAUSED


def _refused(code: int, words: bytes | str) -> Outcome:
    said = words.decode(errors="replace") if isinstance(words, bytes) else str(words)
    return Outcome(MailState.WAITING if 400 <= code < 500 else MailState.FAILED, f"{code} {said}")


def _refused_address(code: int, words: bytes | str) -> Outcome:
    """Of the codes for a mailbox only those that speak of the address itself; 5.7.1 is about who sends (RFC 3463)."""
    outcome = _refused(code, words)
    enhanced = re.match(r"\d{3} (5\.\d{1,3}\.\d{1,3})\b", outcome.problem)
    is_gone = enhanced[1].startswith("5.1.") if enhanced else code in (550, 551, 553)
    return replace(outcome, no_such_address=is_gone)


def _refused_by_provider(problem: AnymailError) -> Outcome:
    """Nothing but trouble on the way, or of the provider's own, is worth another try; without an answer it may have
    gone."""
    words = f"{type(problem).__name__}: {problem}"
    if isinstance(problem, AnymailRecipientsRefused):
        return Outcome(MailState.FAILED, words)
    status = getattr(problem, "status_code", None)
    if not isinstance(problem, AnymailAPIError) or (status and status < 500 and status != 429):
        return Outcome(MailState.FAILED, words)
    return Outcome(MailState.WAITING, words, in_doubt=not status and not _never_left(problem))


def _never_left(problem: AnymailError) -> bool:
    """Whether the provider was not reached at all."""
    said = getattr(problem.__cause__, "args", None) or (None,)
    return isinstance(getattr(said[0], "reason", None), ConnectTimeoutError | NewConnectionError)


def _name_by_provider(message: EmailMultiAlternatives) -> str:
    status = getattr(message, "anymail_status", None)
    return str(getattr(status, "message_id", None) or "").strip("<>")


def _stop(mail: Mail, state: str, problem: str) -> bool:
    mail.state, mail.problem = state, problem[:500]
    mail.save(update_fields=["state", "problem"])
    return False


def _wait(mail: Mail, until: datetime, problem: str, *, at: datetime) -> bool:
    mail.due_at, mail.problem = until, problem[:500]
    mail.save(update_fields=["due_at", "problem"])
    _accept(mail, at=at)
    return False


def _accept(mail: Mail, *, at: datetime, because: str = "") -> None:
    key = f"mail {mail.pk} at {mail.due_at.isoformat()} after {mail.tries} {because}".strip()
    accepting.accept("leads.send_mail", key=key, args={"mail": mail.pk}, due_at=mail.due_at, at=at)


def _lock(mail: Mail) -> None:
    mail.refresh_from_db(from_queryset=Mail.objects.select_for_update(of=("self",)))
