"""What a provider tells us, in the words of one of them."""

import base64
import json

import pytest
from django.test import Client
from django.utils import timezone

from leads.domain.contacting import consenting, mailing, returning
from leads.models import LeadStage, Mail, MailState, Reply
from tests.factories import ago, make_lead, make_mail, make_user

pytestmark = pytest.mark.django_db
SECRET = "provider:let-me-in"


@pytest.fixture(autouse=True)
def secret(settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": SECRET}


@pytest.fixture
def mail():
    lead = make_lead(name="Kim Sato", email="kim@juniper.example", owner=make_user(), at=ago(9))
    consenting.record(lead.person, ["offers"], words="Yes", by=None, at=ago(9))
    return make_mail(lead, state=MailState.SENT, sent_at=ago(1), provider_id="883953f4-6105")


def tell(which: str, facts: dict, *, secret: str = SECRET):
    authorization = f"Basic {base64.b64encode(secret.encode()).decode()}"
    client = Client(enforce_csrf_checks=True)
    headers = {"Authorization": authorization}
    return client.post(f"/hooks/{which}/", json.dumps(facts), content_type="application/json", headers=headers)


def bounce(kind: str, **facts) -> dict:
    return {
        "RecordType": "Bounce", "Type": kind, "MessageID": "883953f4-6105", "Email": "kim@juniper.example",
        "BouncedAt": "2026-10-14T09:00:00Z", "Details": "smtp;550 5.1.1 unknown", "ID": 42,
    } | facts  # fmt: skip


def test_a_hard_bounce_closes_the_address_and_a_soft_one_does_not(mail):
    assert tell("postmark/tracking", bounce("SoftBounce")).status_code == 200
    assert returning.undeliverable(mail.person) is None
    assert tell("postmark/tracking", bounce("HardBounce")).status_code == 200
    assert "550 5.1.1 unknown" in returning.undeliverable(mail.person).because
    mail.refresh_from_db()
    assert mail.returned_at is not None


@pytest.mark.parametrize(
    ("which", "told", "is_for_good"),
    [
        ("brevo", {"event": "soft_bounce", "email": "kim@juniper.example"}, False),
        ("brevo", {"event": "hard_bounce", "email": "kim@juniper.example"}, True),
        (
            "mailjet",
            {"event": "bounce", "email": "kim@juniper.example"} | {"hard_bounce": False, "error": "user unknown"},
            False,
        ),
        (
            "mailjet",
            {"event": "bounce", "email": "kim@juniper.example"} | {"hard_bounce": True, "error": "user unknown"},
            True,
        ),
    ],
)
def test_other_providers_have_other_words_for_it(mail, which, told, is_for_good):
    assert tell(f"{which}/tracking", told).status_code == 200
    assert (returning.undeliverable(mail.person) is not None) is is_for_good


def test_a_complaint_withdraws_every_consent(mail):
    facts = bounce("SpamComplaint") | {"RecordType": "SpamComplaint"}
    assert tell("postmark/tracking", facts).status_code == 200
    mail.refresh_from_db()
    assert mail.complained_at and consenting.basis_for(mail.person, "offers") is None
    mail.lead.refresh_from_db()
    assert mail.lead.stage == LeadStage.UNSUBSCRIBED


def test_a_mail_that_came_in_is_filed_by_its_thread_however_often_it_is_told(mail):
    facts = {
        "From": "kim@juniper.example", "FromFull": {"Email": "kim@juniper.example", "Name": "Kim Sato"},
        "To": "crm@x.example", "Subject": "Re: Hello", "TextBody": "Yes.\n\n> How are you?", "HtmlBody": "",
        "Date": "Wed, 14 Oct 2026 09:30:00 +0200",
        "Headers": [
            {"Name": "Message-ID", "Value": "<a@juniper.example>"},
            {"Name": "In-Reply-To", "Value": mailing.message_id(mail)},
        ],
        "Attachments": [
            {"Name": "a.exe", "ContentType": "application/x-msdownload", "Content": base64.b64encode(b"MZ").decode()}
        ],
    }  # fmt: skip
    assert tell("postmark/inbound", facts).status_code == 200
    assert tell("postmark/inbound", facts).status_code == 200
    reply = Reply.objects.get()
    assert (reply.mail, reply.text, reply.quoted) == (mail, "Yes.", "> How are you?")
    assert reply.attachments.get().left_out_because == "Files of this kind can run programs."


def test_a_hook_is_closed_to_whom_does_not_know_the_secret(mail, settings):
    assert tell("postmark/tracking", bounce("HardBounce"), secret="provider:guess").status_code == 401
    assert Client().post("/hooks/postmark/tracking/", "{}", content_type="application/json").status_code == 401
    assert tell("nobody/tracking", {}).status_code == 404
    settings.ANYMAIL = {"WEBHOOK_SECRET": ""}
    assert tell("postmark/tracking", bounce("HardBounce")).status_code == 404
    assert returning.undeliverable(mail.person) is None


def test_what_the_provider_says_of_others_changes_nothing(mail):
    assert tell("postmark/tracking", bounce("HardBounce", Email="else@x.example")).status_code == 200
    assert returning.undeliverable(mail.person) is None and Mail.objects.get().returned_at is None
    assert mail.sent_at < timezone.now()
