"""Links in mails: counted once, led on to where the mail says and nowhere else."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from leads.domain.contacting import clicking, consenting, mailing, ruling, wording
from leads.models import Mail, MailState, Touch
from tests.factories import make_lead

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2026, 10, 13, 10, tzinfo=ZoneInfo("Europe/Berlin"))
PRICES = "https://lumenfield.example/prices?utm_source=mail&utm_campaign=autumn&x=1"
READER = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"}


def write(name: str = "Kim Sato", body: str = f"Dear {{{{name}}}},\n\nsee [our prices]({PRICES}).") -> Mail:
    lead = make_lead(name=name, email="kim@juniper.example", organisation="Juniper", at=TUESDAY - timedelta(9))
    consenting.record(lead.person, ["offers"], words="Yes", by=None, at=TUESDAY - timedelta(9))
    template = wording.keep("Prices", subject="Prices", body=body, purpose="offers", by=None, at=TUESDAY)
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    Mail.objects.filter(pk=mail.pk).update(state=MailState.SENT, sent_at=TUESDAY)
    return Mail.objects.get(pk=mail.pk)


def path(mail: Mail, number: int = 0) -> str:
    return urlsplit(clicking.ways(mail)[number]).path


def test_who_follows_a_link_comes_where_it_leads_and_is_counted_once():
    mail, client = write(), Client(headers=READER)
    for _time in range(2):
        answer = client.get(path(mail))
        assert (answer.status_code, answer["Location"], answer["Referrer-Policy"]) == (302, PRICES, "no-referrer")
        assert "no-store" in answer["Cache-Control"] and "Set-Cookie" not in answer
    touch = Touch.objects.get()
    assert (touch.kind, touch.lead, touch.person, touch.what, touch.page) == (
        "click", mail.lead, mail.person, "Prices", PRICES,
    )  # fmt: skip
    assert touch.campaign == {"utm_source": "mail", "utm_campaign": "autumn"}
    assert clicking.of_mail(mail) == [touch]


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("head", READER),
        ("get", {}),
        ("get", {"User-Agent": "Googlebot/2.1"}),
        ("get", {"User-Agent": "Mozilla/5.0 Barracuda Sentinel"}),
        ("get", READER | {"Sec-Purpose": "prefetch;prerender"}),
    ],
)
def test_programs_are_led_on_and_not_counted(method, headers):
    mail = write()
    answer = getattr(Client(headers=headers), method)(path(mail))
    assert (answer.status_code, answer["Location"]) == (302, PRICES)
    assert not Touch.objects.exists()


def test_what_comes_within_seconds_of_sending_is_no_reader():
    mail = write()
    assert clicking.follow(mail, 0, link=PRICES, at=TUESDAY + timedelta(seconds=5)) is None
    assert clicking.follow(mail, 0, link=PRICES, at=TUESDAY + timedelta(minutes=5)) is not None
    mail.sent_at = None
    assert clicking.follow(mail, 1, link=PRICES, at=TUESDAY + timedelta(minutes=5)) is None


def test_a_made_up_address_leads_nowhere():
    mail = write()
    real = path(mail).split("/")[2]
    pk, number, sign = real.split("-")
    other = f"{pk}-1-{sign}"
    for token in (
        other,
        f"{int(pk) + 1}-{number}-{sign}",
        f"{pk}-{number}-{'0' * 24}",
        "x",
        "https:",
        "%00",
        "9" * 500,
    ):
        assert Client(headers=READER).get(f"/follow/{token}/").status_code == 404
    assert Client(headers=READER).post(f"/follow/{real}/").status_code == 405
    assert not Touch.objects.exists()


def test_a_link_that_came_in_with_a_name_is_not_opened_in_our_name():
    mail = write(name="https://evil.example/x")
    assert clicking.ways(mail)[0] == "https://evil.example/x" and "/follow/" in clicking.ways(mail)[1]


@pytest.mark.parametrize("name", ["https://[x", "http://[::1", "https://x/%zz\u2028", "[a](https://[b)"])
def test_what_only_looks_like_an_address_stops_no_mail(name):
    mail = write(name=name)
    assert "/follow/" in clicking.ways(mail)[-1] and PRICES in mailing.as_message(mail).body


def test_counting_can_be_switched_off_and_holds_for_mails_from_then_on():
    before = write()
    ruling.revise(by=None, at=TUESDAY, counts_clicks=False)
    after = mailing.queue(before.lead, before.template, by=None, at=TUESDAY + timedelta(days=9))
    assert "/follow/" in clicking.ways(before)[0] and clicking.ways(after) == [PRICES]
