"""Campaigns as a marketer keeps them: made, changed, put aside; their costs; words that no campaign has."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leads.domain import touching
from leads.models import Campaign, CampaignCost, Source
from pipeline_crm.accounts.models import ExchangeRate, Role
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db
SPRING = {"name": "Spring sale", "word": "spring", "starts_on": "2026-03-01", "ends_on": "2026-05-31"}


@pytest.fixture
def mina(client):
    mina = make_user(name="Mina Sol", team=make_team(), role=Role.MARKETER)
    client.force_login(mina)
    return mina


@pytest.fixture
def spring(client, mina):
    """Made on its page."""
    client.post("/marketing/campaigns/new/", SPRING)
    return Campaign.objects.get()


def cost(client, campaign, **facts):
    said = {"on": "2026-03-02", "amount": "1 200", "currency": "EUR", "what": "Print"} | facts
    return client.post(f"/marketing/campaigns/{campaign.pk}/costs/", said)


def page(client, campaign) -> str:
    return client.get(f"/marketing/campaigns/{campaign.pk}/").content.decode()


def test_a_campaign_is_made_changed_put_aside_and_brought_back(client, spring):
    assert (spring.name, spring.word, spring.starts_on, spring.ends_on) == (
        "Spring sale", "spring", date(2026, 3, 1), date(2026, 5, 31),
    )  # fmt: skip
    fair = Source.objects.create(name="Fair")
    address = f"/marketing/campaigns/{spring.pk}/"
    client.post(address, SPRING | {"word": "", "source": fair.pk, "ends_on": ""})
    spring.refresh_from_db()
    assert (spring.word, spring.source, spring.ends_on) == ("", fair, None)
    client.post(f"{address}archiving/")
    assert "1 archived" in client.get("/marketing/campaigns/").content.decode()
    client.post(f"{address}archiving/")
    assert "1 archived" not in client.get("/marketing/campaigns/").content.decode()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"name": "spring SALE", "word": "other"}, "There is a campaign called spring SALE already."),
        ({"name": "Other", "word": "SPRING"}, "“SPRING” leads to Spring sale already."),
        ({"name": "Other", "word": "other", "ends_on": "2026-02-01"}, "The first day comes after the last."),
        ({"name": "Other", "word": ""}, "Say by which word in its links, or by which source"),
        ({"name": "Other", "word": "other", "starts_on": "soon"}, "Enter a valid date."),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(client, spring, wrong, words):
    answer = client.post("/marketing/campaigns/new/", SPRING | wrong)
    assert answer.status_code == 422 and words in answer.content.decode()
    assert Campaign.objects.count() == 1


def test_costs_are_summed_in_the_base_currency(client, spring):
    ExchangeRate.objects.create(currency="USD", on=date(2026, 1, 1), rate=Decimal("0.5"))
    cost(client, spring)
    cost(client, spring, amount="300", currency="USD", what="Advertisements")
    assert "Costs: €1\u2009350" in page(client, spring)
    cost(client, spring, amount="7", currency="GBP")
    shown = page(client, spring)
    assert "Costs: €1\u2009350" in shown and "1 cost is in a currency without a rate" in shown
    assert "€1.4k" in client.get("/marketing/campaigns/").content.decode()


@pytest.mark.parametrize("amount", ["", "0", "-5", "much", "NaN"])
def test_a_cost_is_an_amount(client, spring, amount):
    assert cost(client, spring, amount=amount).status_code == 422
    assert not CampaignCost.objects.exists()


def test_a_wrong_cost_is_taken_back(client, spring, mina):
    cost(client, spring)
    client.post(f"/marketing/costs/{CampaignCost.objects.get().pk}/removal/")
    taken = CampaignCost.objects.get()
    assert taken.taken_back_at and taken.taken_back_by == mina
    assert "No costs yet." in page(client, spring)


def test_words_in_links_that_no_campaign_has_are_offered(client, spring, mina):
    lead = make_lead(by=mina, owner=mina)
    for word, often in (("spring", 1), ("autumn & co", 2), ("", 1)):
        for _ in range(often):
            touching.touch(lead, kind="form", at=ago(1), campaign={"utm_campaign": word} if word else {})
    touching.touch(lead, kind="form", at=ago(91), campaign={"utm_campaign": "long-ago"})
    shown = client.get("/marketing/campaigns/").content.decode()
    assert "autumn &amp; co" in shown and "2 touches" in shown and "long-ago" not in shown
    assert "?word=autumn%20%26%20co" in shown and "?word=spring" not in shown
    offered = client.get("/marketing/campaigns/new/?word=autumn%20%26%20co").content.decode()
    assert offered.count('value="autumn &amp; co"') == 2


def test_the_list_asks_the_database_as_often_for_three_campaigns_as_for_one(client, mina):
    def keep(name):
        client.post("/marketing/campaigns/new/", SPRING | {"name": name, "word": name})
        cost(client, Campaign.objects.get(name=name))

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/marketing/campaigns/")
        return len(queries)

    keep("one")
    for_one = min(asked() for _once in range(3))
    for name in ("two", "three"):
        keep(name)
    assert min(asked() for _once in range(3)) == for_one


def test_it_is_for_those_who_do_marketing(client):
    client.force_login(make_user(team=make_team()))
    assert client.get("/marketing/campaigns/").status_code == 403
    assert client.post("/marketing/campaigns/new/", SPRING).status_code == 403
