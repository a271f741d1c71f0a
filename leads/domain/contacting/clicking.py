"""Links in mails lead through us, so that following one is known, and on to where the mail says, nowhere else.

The address carries the mail, the number of the link and a signature; where it leads stands in the mail. Links that came
in with a placeholder, as with somebody's name, lead straight to their own address: nobody writes a link into a form and
has it opened in our name.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from ...models import Mail, Touch, TouchKind
from .. import touching
from . import templating

TOO_SOON = timedelta(seconds=15)  # after sending only programs that look into mails are so quick
CAMPAIGN = re.compile(r"utm_(source|medium|campaign|term|content)")
_TOKEN = re.compile(r"(\d{1,18})-(\d{1,4})-([0-9a-f]{24})")


def ways(mail: Mail) -> list[str]:
    """For each link of the mail the address that is opened."""
    ours = {_origin(link) for link in templating.links(mail.template.body)} if mail.template else set()
    return [
        _way(mail, number) if mail.counts_clicks and _origin(link) in ours - {""} else link
        for number, link in enumerate(templating.links(mail.text))
    ]


def link_of(token: str) -> tuple[Mail, int, str] | None:
    """The mail, the number of the link, and where it leads; nothing for a token that we did not give."""
    found = _TOKEN.fullmatch(token)
    if found is None:
        return None
    mail, number = Mail.objects.select_related("lead", "person").filter(pk=int(found[1])).first(), int(found[2])
    if mail is None or not constant_time_compare(_sign(mail, number), found[3]):
        return None
    links = templating.links(mail.text)
    return (mail, number, links[number]) if number < len(links) else None


@transaction.atomic
def follow(mail: Mail, number: int, *, link: str, at: datetime) -> Touch | None:
    """Their first time to follow this link is a touch, with the campaign that its address names. Programs that open
    every link as soon as the mail is there do not count."""
    if mail.sent_at is None or at - mail.sent_at < TOO_SOON:
        return None
    campaign = {name: value[:100] for name, value in parse_qsl(urlsplit(link).query) if CAMPAIGN.fullmatch(name)}
    return touching.touch(
        mail.lead.standing,
        person=mail.person.standing,
        kind=TouchKind.CLICK,
        at=at,
        what=mail.subject,
        page=link,
        campaign=campaign,
        key=f"{_key(mail)}{number}",
    )


def of_mail(mail: Mail) -> list[Touch]:
    """The links of the mail that were followed, each with its first time."""
    return list(Touch.objects.filter(key__startswith=_key(mail)).order_by("at"))


def _way(mail: Mail, number: int) -> str:
    return settings.SITE_URL + reverse("marketing:follow", args=[f"{mail.pk}-{number}-{_sign(mail, number)}"])


def _sign(mail: Mail, number: int) -> str:
    return salted_hmac("click", f"{mail.token} {number}").hexdigest()[:24]


def _key(mail: Mail) -> str:
    return f"click {mail.pk} "


def _origin(link: str) -> str:
    """Scheme and host; nothing for what only looks like an address."""
    try:
        parts = urlsplit(link)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower()
