"""Segments as marketers make them, and one mail to all of them."""

import pytest

from leads.domain.contacting import consenting, segmenting, shaping, wording
from leads.models import Mailing, Segment
from pipeline_crm.accounts.models import Role
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina(client):
    mina = make_user(name="Mina", team=make_team(), role=Role.MARKETER)
    client.force_login(mina)
    return mina


@pytest.fixture
def kim(mina):
    lead = make_lead(name="Kim Sato", email="kim@juniper.example", owner=mina, by=mina, tags=["warm"])
    consenting.record(lead.person, ["news"], words="Yes", by=None, at=ago(5))
    return lead


def test_a_segment_is_a_filter_with_a_name(client, mina, kim):
    assert "No segments yet" in client.get("/marketing/segments/").content.decode()
    cadence = shaping.keep("Introduction", by=mina, at=ago(1))
    sent = {"name": "Warm", "tag": "warm", "score_from": "", "cadence": cadence.pk, "removes": "on"}
    answer = client.post("/marketing/segments/new/", sent)
    segment = Segment.objects.get()
    assert answer.url == f"/marketing/segments/{segment.pk}/"
    assert (segment.query, segment.cadence, segment.removes, segment.owner) == ("tag=warm", cadence, True, mina)
    page = client.get(answer.url).content.decode()
    assert "1 lead now" in page and "Kim Sato" in page and "/marketing/?tag=warm" in page
    listed = client.get("/marketing/segments/").content.decode()
    assert "Warm" in listed and "Tag: warm" in listed and "1 lead" in listed


@pytest.mark.parametrize(
    "sent, words",
    [
        ({"name": "All"}, "Say what these leads have in common."),
        ({"name": "", "tag": "warm"}, "required"),
        ({"name": "Odd", "score_from": "500"}, "less than or equal to 100"),
        ({"name": "taken", "tag": "warm"}, "There is a segment called taken already."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(client, mina, sent, words):
    segmenting.keep("Taken", query="tag=cold", by=mina, at=ago(0))
    answer = client.post("/marketing/segments/new/", sent)
    assert answer.status_code == 422 and words in answer.content.decode() and Segment.objects.count() == 1


def test_a_mail_to_all_is_looked_at_first_and_then_sent_once(client, mina, kim):
    make_lead(name="Lee", email="lee@juniper.example", owner=mina, by=mina, tags=["warm"])
    template = wording.keep("News", subject="News for {{name}}", body="Read.", purpose="news", by=mina, at=ago(1))
    segment = segmenting.keep("Warm", query="tag=warm", by=mina, at=ago(0))
    address = f"/marketing/segments/{segment.pk}/mailing/"
    page = " ".join(client.get(f"{address}?template={template.pk}").content.decode().split())
    assert '<b class="num">1</b> of 2 can be written to' in page and "News for Kim Sato" in page
    assert '<b class="num">1</b> <span class="rowmain">no consent or legitimate interest' in page
    assert not Mailing.objects.exists()
    key = "5f2c7a52-63f3-4a63-9f6a-0d2b2a0c8f11"
    for _twice in range(2):
        answer = client.post(address, {"template": template.pk, "request_id": key})
    mailing = Mailing.objects.get()
    assert answer.headers["Location"] == f"/marketing/mailings/{mailing.pk}/"
    page = client.get(answer.headers["Location"]).content.decode()
    assert "Nobody has been looked at yet." in page and "still being written" in page


def test_leads_of_other_teams_are_counted_and_not_named(client, mina, kim):
    ada = make_user(name="Ada", team=make_team(), role=Role.ADMIN)
    make_lead(name="Secret Person", email="secret@juniper.example", owner=ada, by=ada, tags=["warm"])
    segment = segmenting.keep("Warm", query="tag=warm", by=ada, at=ago(0))
    page = client.get(f"/marketing/segments/{segment.pk}/").content.decode()
    assert "2 leads now" in page and "Kim Sato" in page and "Secret Person" not in page


def test_archived_it_is_listed_apart_and_can_be_used_again(client, mina):
    segment = segmenting.keep("Warm", query="tag=warm", by=mina, at=ago(0))
    for _twice, is_archived in ((1, True), (2, False)):
        client.post(f"/marketing/segments/{segment.pk}/archiving/")
        assert (Segment.objects.get().archived_at is not None) is is_archived
        assert ("<summary>Archived" in client.get("/marketing/segments/").content.decode()) is is_archived


def test_a_filter_that_makes_no_sense_any_more_admits_nobody(client, mina, kim):
    Segment.objects.create(name="Old", query="source=99999", owner=mina, created_at=ago(1))
    page = client.get("/marketing/segments/").content.decode()
    assert "makes no sense any more" in page and "0 leads" in page


def test_sales_makes_no_segments(client):
    client.force_login(make_user(team=make_team()))
    assert client.get("/marketing/segments/").status_code == 403
