"""What arrives from forms on other people's pages: counted, confirmed where that is asked, and made a lead."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.jobs.domain import accepting

from ..models import Basis, Capture, Channel, Lead, LeadForm, LeadStage, Person, TouchKind
from . import capturing, noting, recognising, touching
from .contacting import consenting, templating
from .contacting.persons import same_person

CAMPAIGN = ("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content")
LIMITS = ((timedelta(minutes=1), 5), (timedelta(hours=1), 30))  # of one address
LIMITS_OF_A_PROGRAM = ((timedelta(minutes=1), 120), (timedelta(hours=1), 2000))  # it sends for all of its visitors
AT_ONCE = 500
SAID = ("name", "email", "phone", "organisation")
CONFIRMED_WITHIN = timedelta(days=30)
CONFIRMATIONS_A_DAY = 3  # to one mailbox, however often its address is typed in


class NameTaken(Refusal):
    """Two forms with one name are told apart by nobody."""

    status = 422


class NoOrigin(Refusal):
    """A form is shown on pages of named sites: scheme and host, nothing more."""

    status = 422


class TooMany(Refusal):
    """Nobody fills in so many forms."""

    status = 429


class TooLate(Refusal):
    """A mailbox is asked about something fresh; who it belongs to, and what its owner wants, may change."""

    status = 410


@transaction.atomic
def keep_form(*, form: LeadForm | None = None, by, at: datetime, **facts) -> LeadForm:
    """Add a form, or change the one given. Refused: a name that another has, and an origin that is none."""
    others = LeadForm.objects.filter(name__iexact=facts["name"].strip())
    if (others.exclude(pk=form.pk) if form else others).exists():
        raise NameTaken(_("There is a form called %(name)s already.") % {"name": facts["name"]}, fields=["name"])
    for origin in facts["origins"]:
        if not is_origin(origin):
            raise NoOrigin(
                _("“%(origin)s” is no origin. Write it like https://www.example.com.") % {"origin": origin},
                fields=["origins"],
            )
    form = form or LeadForm(created_at=at)
    for name, value in facts.items():
        setattr(form, name, value)
    form.save()
    return form


@transaction.atomic
def tidy(*, at: datetime, most: int = AT_ONCE) -> int:
    """Forget some of what no mailbox has confirmed within its month; how many, and none when all is tidy."""
    old = Capture.objects.filter(lead=None, received_at__lt=at - CONFIRMED_WITHIN).order_by("received_at")
    some = old.select_for_update(skip_locked=True).values_list("pk", flat=True)[:most]
    return Capture.objects.filter(pk__in=list(some)).delete()[0]


@transaction.atomic
def archive_form(form: LeadForm, *, by, at: datetime) -> None:
    """It takes nothing more; archived again it does."""
    form.archived_at = None if form.archived_at else at
    form.save(update_fields=["archived_at"])


@transaction.atomic
def receive(
    form: LeadForm,
    said: Mapping[str, str | bool],
    *,
    campaign: Mapping[str, str] | None = None,
    page: str = "",
    channel: str = Channel.FORM,
    address: str | None,
    agent: str = "",
    at: datetime,
) -> Capture:
    """Keep what was sent. Where the form asks for it, the mailbox is to confirm first; else it becomes a lead now.

    Refused with TooMany when one address sends more than a person would, or a program more than a site has visitors.
    """
    said = {**said, "email": str(said["email"]).lower()}  # however it is typed, it is one mailbox
    address = _plain_address(address)
    _take_turns(form)
    for span, most in LIMITS_OF_A_PROGRAM if channel == Channel.API else LIMITS:
        if near(address).filter(received_at__gt=at - span).count() >= most:
            raise TooMany(_("That was a little much. Please try again later."))
    capture = Capture.objects.create(
        form=form,
        said=said,
        campaign=dict(campaign or {}),
        page=page[:500],
        channel=channel,
        address=address,
        agent=agent[:300],
        received_at=at,
    )
    if not form.double_opt_in:
        become_lead(capture, at=at)
    elif _asked_lately(capture, at) <= CONFIRMATIONS_A_DAY:
        accepting.accept("leads.ask_to_confirm", key=f"capture {capture.pk}", args={"capture": capture.pk}, at=at)
    return capture


@transaction.atomic
def confirm(capture: Capture, *, at: datetime) -> Lead:
    """The mailbox has answered: what was sent becomes a lead. A second answer changes nothing.

    Refused with TooLate a month after it was sent.
    """
    locked = Capture.objects.select_for_update(of=("self",)).filter(pk=capture.pk).first()
    if locked and locked.lead:
        capture.lead = locked.lead
        return locked.lead
    if locked is None or at - capture.received_at > CONFIRMED_WITHIN:
        raise TooLate(_("This link is too old. Please fill in the form again."))
    capture.confirmed_at = at
    return become_lead(capture, at=at)


def become_lead(capture: Capture, *, at: datetime) -> Lead:
    """A new lead, or word to the one that marketing or sales has of this person already."""
    form, said = capture.form, capture.said
    person = capturing.known_person(email=said["email"])
    known = None
    if person:
        stages = [*consenting.WITH_MARKETING, LeadStage.READY, LeadStage.ACCEPTED]
        with_us = Lead.objects.unmerged().filter(same_person(person), stage__in=stages)
        known = with_us.order_by("-id").first()
    lead = known or capturing.capture(
        name=said["name"],
        email=said["email"],
        phone=said.get("phone", ""),
        organisation=said.get("organisation", ""),
        source=form.source,
        owner=form.owner,
        team=form.team,
        via=Origin.API,
        by=None,
        at=at,
    )
    lines = _in_words(capture)
    if known:
        lines += recognising.unknown_of(known, recognising.Newcomer(**{n: v for n, v in said.items() if n in SAID}))
    if said.get("agreed") and lead.person and not may_agree(capture, lead.person):
        lines.append(_("They ticked consent. It is not recorded: they had withdrawn, and no mailbox confirmed it."))
    elif said.get("agreed") and lead.person:
        consenting.record(
            lead.person,
            [form.purpose],
            words=form.consent_words,
            channel=capture.channel,
            page=capture.page,
            address=capture.address,
            agent=capture.agent,
            at=at,
        )
    noting.note(lead, text="\n".join(lines), by=None, at=at)
    touching.touch(
        lead,
        kind=TouchKind.API if capture.channel == Channel.API else TouchKind.FORM,
        at=capture.received_at,
        what=form.heading,
        page=capture.page,
        campaign=capture.campaign,
        source=form.source,
        person=person,
        key=f"capture {capture.pk}",
    )
    capture.lead = lead
    capture.save(update_fields=["lead", "confirmed_at"])
    return lead


def may_agree(capture: Capture, person: Person) -> bool:
    """Whether the tick counts: anybody can type in anybody's address, so who has withdrawn must have confirmed it."""
    if capture.confirmed_at:
        return True
    word = consenting.standing(person).get(capture.form.purpose)
    return not consenting.has_left(person) and (word is None or word.basis != Basis.WITHDRAWN)


def ask_to_confirm(capture: Capture) -> None:
    """Write to the mailbox. It may come twice when a worker ends at the wrong moment; confirming twice is once."""
    address = settings.SITE_URL + reverse("marketing:confirmation", args=[capture.token])
    EmailMessage(
        subject=templating.one_line(_("Please confirm: %(what)s") % {"what": capture.form.heading}),
        body=_(
            "Somebody has filled in “%(what)s” with this address.\n\nIf it was you, please confirm it here:\n"
            "%(address)s\n\nIf not, there is nothing to do."
        )
        % {"what": capture.form.heading, "address": address},
        to=[capture.said["email"]],
        headers={"Auto-Submitted": "auto-generated"},
    ).send()


def is_origin(text: str) -> bool:
    """Scheme and host of a site, as browsers compare them."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return False
    letters = host.replace("-", "").replace(".", "")
    return (
        parts.scheme in {"http", "https"}
        and letters.isascii()
        and letters.isalnum()
        and text == f"{parts.scheme}://{host}{port}"
    )


def _in_words(capture: Capture) -> list[str]:
    lines = [_("Sent “%(form)s”.") % {"form": capture.form}]
    if capture.said.get("message"):
        lines.append(capture.said["message"])
    if capture.campaign:
        lines.append(" · ".join(f"{name.removeprefix('utm_')}: {value}" for name, value in capture.campaign.items()))
    return lines


def _asked_lately(capture: Capture, at: datetime) -> int:
    return of_mailbox(capture.said["email"]).filter(received_at__gt=at - timedelta(days=1)).count()


def of_mailbox(email: str) -> QuerySet[Capture]:
    """What was sent with that address, given in small letters."""
    return Capture.objects.filter(said__email=email)


def near(address: str | None) -> QuerySet[Capture]:
    """What came from there. Who has one IPv6 address has 2⁶⁴ of them, so that all of its /64 are one sender."""
    if address is None:
        return Capture.objects.filter(address=None)
    sender = ip_address(address)
    if isinstance(sender, IPv4Address):
        return Capture.objects.filter(address=address)
    network = ip_network((sender, 64), strict=False)
    return Capture.objects.filter(address__range=(str(network[0]), str(network[-1])))


def _plain_address(address: str | None) -> str | None:
    """As it is compared: an IPv4 address that came dressed as IPv6 is one of IPv4; what is none is not known."""
    try:
        sender = ip_address((address or "").partition("%")[0])
    except ValueError:
        return None
    return str(getattr(sender, "ipv4_mapped", None) or sender)


def _take_turns(form: LeadForm) -> None:
    """One sending of a form after the other, so that the limits count each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [7_301_003, form.pk])
