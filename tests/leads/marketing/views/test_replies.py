"""What people write back, on the pages that show it."""

import pytest
from django.test import Client
from django.utils import timezone

from leads.domain.contacting import filing, mailing, reading, returning
from leads.models import Attachment, MailState
from pipeline_crm.accounts.models import Role
from tests.factories import ago, make_lead, make_mail, make_team, make_user
from tests.leads.letters import letter

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina(client, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    mina = make_user(name="Mina Sol", team=make_team(), role=Role.MARKETER)
    client.force_login(mina)
    return mina


@pytest.fixture
def mail(mina):
    lead = make_lead(name="Kim Sato", email="kim@juniper.example", by=mina, owner=mina, at=ago(9))
    return make_mail(lead, state=MailState.SENT, sent_at=ago(1), subject="The price list")


@pytest.fixture
def reply(mail):
    files = {"offer.pdf": b"%PDF", "a.exe": b"MZ"}
    message = letter("Yes, <b>all</b>.\n\n> How are you?\n", answers=mailing.message_id(mail), files=files)
    return filing.file(reading.of_bytes(message.as_bytes()), at=timezone.now()).reply


def test_the_history_of_a_lead_has_what_was_sent_and_what_came_back(client, mail, reply):
    page = client.get(f"/leads/{mail.lead_id}/").content.decode()
    assert f'href="/marketing/mails/{mail.pk}/">The price list</a>' in page
    assert "Yes, &lt;b&gt;all&lt;/b&gt;." in page and "Show what they quote" in page
    assert "a.exe" in page and "was not kept. Files of this kind can run programs." in page


@pytest.mark.parametrize("address", ["/marketing/answers/", "/marketing/mails/{mail}/"])
def test_answers_are_listed_and_stand_under_their_mail(client, mail, reply, address):
    assert b"Yes, &lt;b&gt;all&lt;/b&gt;." in client.get(address.format(mail=mail.pk)).content


def test_a_file_is_only_ever_a_download(client, reply):
    file = reply.attachments.get(name="offer.pdf")
    answer = client.get(f"/marketing/attachments/{file.pk}/")
    assert b"".join(answer.streaming_content) == b"%PDF"
    assert answer["Content-Disposition"] == 'attachment; filename="offer.pdf"'
    assert (answer["Content-Type"], answer["X-Content-Type-Options"]) == ("application/octet-stream", "nosniff")
    assert "sandbox" in answer["Content-Security-Policy"]
    left_out = reply.attachments.get(name="a.exe")
    assert client.get(f"/marketing/attachments/{left_out.pk}/").status_code == 404


def test_a_file_that_has_gone_from_the_disk_is_missed_in_words(client, reply):
    file = reply.attachments.get(name="offer.pdf")
    file.file.storage.delete(file.file.name)
    answer = client.get(f"/marketing/attachments/{file.pk}/")
    assert answer.status_code == 410
    assert "“offer.pdf” is not where files are kept any more." in answer.content.decode()


def test_others_do_not_see_what_was_written_to_us(reply):
    stranger = Client()
    stranger.force_login(make_user(team=make_team(), role=Role.MARKETER))
    assert b"&lt;b&gt;all" not in stranger.get("/marketing/answers/").content
    assert stranger.get(f"/marketing/attachments/{Attachment.objects.first().pk}/").status_code == 404


def test_an_address_from_which_mails_come_back_says_so_until_somebody_knows_better(client, mail):
    returning.came_back("kim@juniper.example", because="550 no such user", at=ago(0))
    address = f"/leads/{mail.lead_id}/contact/"
    page = client.get(address).content.decode()
    assert "Mails to kim@juniper.example come back" in page and "550 no such user" in page
    assert client.post(f"{address}address/").status_code == 302
    assert "Mails to kim@juniper.example come back" not in client.get(address).content.decode()
