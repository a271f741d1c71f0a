"""Templates, mails, consent and the way out, as pages."""

from datetime import time

import pytest
from django.test import Client
from django.utils import timezone

from leads.domain.contacting import consenting, mailing, ruling, wording
from leads.models import Basis, Consent, LeadStage, Mail, MailState, MailTemplate, Purpose
from pipeline_crm.accounts.models import Role
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db
WORDS = {
    "name": "Prices",
    "purpose": "offers",
    "subject": "Prices for {{company}}",
    "body": "Dear {{first_name|friend}}",
}


@pytest.fixture
def mina(client):
    mina = make_user(name="Mina Sol", team=make_team(), role=Role.MARKETER)
    client.force_login(mina)
    return mina


@pytest.fixture
def lead(mina):
    ruling.revise(by=None, at=ago(0), days=list(range(7)), opens=time(0), closes=time(23, 59, 59))
    return make_lead(
        name="Kim Sato", email="kim@juniper.example", organisation="Juniper", by=mina, owner=mina, at=ago(9)
    )


@pytest.fixture
def template():
    return wording.keep(**WORDS, by=None, at=ago(1))


@pytest.fixture
def mail(lead, template):
    consenting.record(lead.person, Purpose.values, words="Yes", by=None, at=ago(1))
    return mailing.queue(lead, template, by=lead.owner, at=timezone.now())


def test_a_template_is_written_tried_on_a_lead_and_archived(client, lead):
    answer = client.post("/marketing/templates/new/", WORDS)
    template = MailTemplate.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/marketing/templates/{template.pk}/")
    page = client.get(answer.url).content.decode()
    assert "Prices for Juniper" in page and "<p>Dear Kim</p>" in page
    client.post(f"/marketing/templates/{template.pk}/archiving/")
    template.refresh_from_db()
    assert template.archived_at is not None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"body": "{{ lead.owner }}"}, "not part of a placeholder"),
        ({"name": "PRICES"}, "called PRICES already"),
        ({"body": ""}, "required"),
    ],
)
def test_a_template_that_cannot_be_filled_comes_back_with_the_reason(client, mina, template, wrong, words):
    answer = client.post("/marketing/templates/new/", WORDS | {"name": "Another"} | wrong)
    assert (answer.status_code, words in answer.content.decode()) == (422, True)
    assert MailTemplate.objects.count() == 1


def test_the_preview_says_what_is_missing_for_this_lead(client, mina, template):
    lead = make_lead(name="Lee", email="lee@x.example", organisation="", by=mina, owner=mina)
    page = client.get(f"/marketing/templates/{template.pk}/?lead={lead.pk}").content.decode()
    assert "Their company is not known" in page


def test_a_mail_is_sent_from_the_lead_once_it_may_be(client, lead, template):
    address = f"/leads/{lead.pk}/contact/"
    refused = client.post(f"{address}mails/", {"template": template.pk}, headers={"HX-Request": "true"})
    assert (refused.status_code, "has not agreed" in refused.content.decode()) == (422, True)
    sent = {"purposes": ["offers"], "basis": "interest", "words": "They asked for prices at the fair."}
    assert client.post(f"{address}consents/", sent).status_code == 302
    assert client.post(f"{address}mails/", {"template": template.pk, "request_id": "one"}).status_code == 302
    client.post(f"{address}mails/", {"template": template.pk, "request_id": "one"})
    assert Mail.objects.get().subject == "Prices for Juniper"
    client.post(f"{address}withdrawal/")
    lead.refresh_from_db()
    assert lead.stage == LeadStage.UNSUBSCRIBED


def test_what_was_done_is_said_where_it_was_done(client, lead, template):
    consenting.record(lead.person, ["offers"], words="Yes", by=None, at=ago(1))
    page = client.post(f"/leads/{lead.pk}/contact/mails/", {"template": template.pk}, headers={"HX-Request": "true"})
    assert 'role="status"' in page.content.decode() and "goes out as soon as it may" in page.content.decode()
    assert b"goes out as soon as it may" not in client.get(f"/leads/{lead.pk}/contact/").content


def test_mails_are_listed_shown_and_called_off(client, mail):
    assert b"Prices for Juniper" in client.get("/marketing/mails/?state=waiting").content
    assert b"Prices for Juniper" not in client.get("/marketing/mails/?state=sent").content
    page = client.get(f"/marketing/mails/{mail.pk}/").content.decode()
    assert "<p>Dear Kim</p>" in page and "kim@juniper.example" in page
    client.post(f"/marketing/mails/{mail.pk}/cancellation/")
    mail.refresh_from_db()
    assert mail.state == MailState.CANCELLED
    client.post(f"/marketing/mails/{mail.pk}/retrial/")
    assert b"Only a mail that failed" in client.get(f"/marketing/mails/{mail.pk}/").content


def test_who_reads_the_mail_here_cannot_unsubscribe_for_its_reader(client, mail):
    page = client.get(f"/marketing/mails/{mail.pk}/").content.decode()
    assert "/unsubscribe/…/" in page and mail.token not in page


def test_a_mail_whose_job_was_given_up_can_be_tried_again_and_is_marked(client, mail):
    job = Job.objects.get(kind="leads.send_mail")
    assert mailing.begin(mail, job=job.pk, at=timezone.now())
    address = f"/marketing/mails/{mail.pk}/"
    assert "/retrial/" not in client.get(address).content.decode()
    Job.objects.filter(pk=job.pk).update(state="dead", finished_at=timezone.now())
    page = client.get(address).content.decode()
    assert "was given up after five attempts" in page and f"{address}retrial/" in page
    client.post(f"{address}retrial/")
    mail.refresh_from_db()
    assert (mail.state, mail.may_be_twice, mail.sending_by) == (MailState.WAITING, True, None)
    assert Job.objects.filter(kind="leads.send_mail", state="waiting").count() == 1


def test_mails_of_other_teams_are_not_seen(client, mail):
    client.force_login(make_user(team=make_team(), role=Role.MARKETER))
    assert b"Prices for Juniper" not in client.get("/marketing/mails/").content
    assert client.get(f"/marketing/mails/{mail.pk}/").status_code == 404


def test_who_sees_one_lead_of_a_house_learns_that_the_other_was_written_to_and_not_about_what(client, mail):
    ben = make_user(team=make_team(), role=Role.MARKETER)
    colleague = make_lead(name="Lee", organisation="Juniper", by=ben, owner=ben)
    client.force_login(ben)
    page = client.get(f"/leads/{colleague.pk}/contact/").content.decode()
    assert "with an organisation; the last was Mina Sol · E-mail on" in page and "Prices for Juniper" not in page


def test_sales_people_write_no_templates(client, template):
    client.force_login(make_user(team=make_team(), role=Role.REP))
    assert client.get("/marketing/templates/").status_code == 403


def test_looking_at_the_way_out_changes_nothing_and_one_click_leaves(mail):
    stranger = Client(enforce_csrf_checks=True)
    address = f"/unsubscribe/{mail.token}/"
    assert stranger.get(address).status_code == 200 and Consent.objects.count() == 3
    answer = stranger.post(address, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, "set-cookie" in answer.headers) == (200, False)
    mail.lead.refresh_from_db()
    assert (mail.lead.stage, consenting.basis_for(mail.person, "offers")) == (LeadStage.UNSUBSCRIBED, None)
    assert set(Consent.objects.filter(basis=Basis.WITHDRAWN).values_list("channel", flat=True)) == {"mail"}


def test_the_page_lets_one_keep_what_one_likes(mail):
    page = Client().post(f"/unsubscribe/{mail.token}/", {"purposes": ["events"]}).content.decode()
    assert "You will only receive: Invitations to events." in page
    assert consenting.basis_for(mail.person, "events") and not consenting.basis_for(mail.person, "offers")
    mail.lead.refresh_from_db()
    assert mail.lead.stage == LeadStage.GENERATION


def test_the_page_offers_only_what_they_receive_and_leaving_never_fails(mail):
    stranger, address = Client(), f"/unsubscribe/{mail.token}/"
    consenting.withdraw(mail.person, purposes=["news", "events"], by=None, at=timezone.now())
    page = stranger.get(address).content.decode()
    assert 'value="offers" ' in page and 'value="news"' not in page
    page = stranger.post(address, {"purposes": ["news", "nonsense"]}).content.decode()
    assert "You have unsubscribed" in page and "<button" not in page
    assert consenting.has_left(mail.person)
    assert "does not write to you any more" in stranger.get(address).content.decode()


@pytest.mark.parametrize("token", ["x", "%00", "a" * 500, "<script>"])
def test_a_made_up_token_opens_nothing(db, token):
    assert Client().post(f"/unsubscribe/{token}/").status_code == 404


def test_placeholder_words_are_refused_with_their_field(db):
    with pytest.raises(Refusal) as refusal:
        wording.keep("x", subject="{{nothing}}", body="y", purpose="offers", by=None, at=ago(0))
    assert refusal.value.facts["fields"] == ["subject"]
