"""What came of those who were lost and asked again."""

from datetime import timedelta
from decimal import Decimal

import pytest

from deals.domain import closing, opening, recovering, recycling
from deals.models import Deal
from leads.domain import undoing
from leads.models import Lead
from pipeline_crm.accounts.models import Role
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada():
    return make_user(name="Ada", team=make_team(), role=Role.ADMIN)


def lost(reason, *, days: float = 200, wait: int = 40, pipeline) -> Lead:
    """A lead whose deal was lost so many days ago, to be contacted again so many days later."""
    deal = make_deal(pipeline=pipeline, at=ago(days + 10), amount=1000)
    closing.lose(deal, reason=reason, by=None, at=ago(days))
    recycling.recycle(deal, contact_again_on=(ago(days) + timedelta(days=wait)).date(), by=None, at=ago(days))
    return Lead.objects.get(pk=deal.lead_id)


def again(lead: Lead, *, days: float, amount=3000):
    return opening.open_deal(lead=lead, amount=Decimal(amount), by=None, at=ago(days))


def test_each_return_belongs_to_the_next_deal_of_its_lead(ada):
    pipeline, budget, timing = make_pipeline(), make_reason("Budget"), make_reason("Timing")
    won, refused, is_open = (lost(budget, pipeline=pipeline) for _ in range(3))
    lost(timing, pipeline=pipeline)
    closing.win(again(won, days=150), by=None, at=ago(100))
    closing.lose(again(refused, days=100), reason=timing, by=None, at=ago(90))
    again(is_open, days=5)

    found = recovering.results(ada)
    assert found.all == recovering.Row(found.all.name, 4, 3, 1, 1, Decimal(3000))
    assert (found.all.open, found.all.win_rate) == (1, 0.5)
    assert [(row.name, row.returned, row.tried, row.won) for row in found.by_reason] == [
        ("Budget", 3, 3, 1),
        ("Timing", 1, 0, 0),
    ]
    assert [(row.name, row.returned) for row in found.by_attempt] == [("Try 2", 4)]
    assert [(row.name, row.returned, row.won) for row in found.by_wait] == [
        ("31 to 90 days", 1, 1),
        ("91 to 180 days", 1, 0),
        ("181 to 365 days", 1, 0),
    ]


def test_a_third_try_counts_for_the_second_return(ada):
    pipeline, budget = make_pipeline(), make_reason("Budget")
    lead = lost(budget, pipeline=pipeline)
    second = again(lead, days=150)
    closing.lose(second, reason=budget, by=None, at=ago(140))
    recycling.recycle(second, contact_again_on=ago(100).date(), by=None, at=ago(140))
    closing.win(again(Lead.objects.get(pk=lead.pk), days=90), by=None, at=ago(80))
    rows = recovering.results(ada).by_attempt
    assert [(row.name, row.tried, row.won, row.lost) for row in rows] == [("Try 2", 1, 0, 1), ("Try 3", 1, 1, 0)]


def test_a_return_that_was_undone_never_happened(ada):
    lead = lost(make_reason(), days=0.001, pipeline=make_pipeline())
    undoing.undo(lead, by=None, at=ago(0))
    assert recovering.results(ada).all.returned == 0


def test_everyone_counts_what_they_may_see(ada):
    lost(make_reason(), pipeline=make_pipeline())
    assert recovering.results(make_user(team=make_team())).all.returned == 0


def test_the_page_shows_the_queue_and_one_recovered_deal(client, ada):
    pipeline, budget = make_pipeline(), make_reason("Budget")
    closing.win(again(lost(budget, pipeline=pipeline), days=150), by=None, at=ago(100))
    waiting = lost(budget, days=20, wait=90, pipeline=pipeline)
    client.force_login(ada)
    page = client.get("/marketing/recycling/").content.decode()
    assert "1 waits" in page and str(waiting) in page and "Lost: Budget" in page
    results = client.get("/marketing/recycling/results/").content.decode()
    assert "€3\u2009000" in results and "31 to 90 days" in results
    answer = client.post(f"/leads/{waiting.pk}/waking/", {"next": "/marketing/recycling/"})
    assert (answer.status_code, answer.url) == (302, "/marketing/recycling/")
    assert "Nobody waits" in client.get("/marketing/recycling/").content.decode()


def test_a_rate_has_its_interval_and_says_little_of_few():
    few = recovering.Row("x", 9, 9, 3, 6, Decimal(0))
    assert few.says_little and [round(end, 3) for end in few.span] == [0.121, 0.646]
    enough = recovering.Row("x", 40, 20, 10, 10, Decimal(0))
    assert not enough.says_little and [round(end, 3) for end in enough.span] == [0.299, 0.701]
    assert recovering.Row("x", 1, 0, 0, 0, Decimal(0)).span is None


def test_revenue_of_deals_that_one_may_not_see_is_not_told():
    north, south = make_team(), make_team()
    pipeline, budget = make_pipeline(), make_reason("Budget")
    lead = lost(budget, pipeline=pipeline)
    Lead.objects.filter(pk=lead.pk).update(team=north)
    closing.win(again(lead, days=150), by=None, at=ago(100))
    Deal.objects.filter(lead=lead).update(team=south)
    assert recovering.results(make_user(team=north, role=Role.MARKETER)).all.revenue == 0
    assert recovering.results(make_user(team=south, role=Role.ADMIN)).all.revenue == 3000
