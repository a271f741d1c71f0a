"""One chance a deal: on its card, in its panel, in the sums of board and list; and dates that slip."""

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from deals import queries
from deals.domain import closing, moving, norming, revising
from deals.filters import DealFilter
from deals.models import ChanceNorm, Deal, DealChance
from leads.domain.recycling import local_date
from pipeline_crm.accounts.models import Company
from tests.factories import ago, make_deal, make_pipeline, make_user, stage_of, three_people

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene(client):
    ana, *_others = three_people()
    pipeline = make_pipeline("New business", is_default=True)
    pipeline.stages.update(fixed_chance=None)
    team = ana.memberships.get().team
    client.force_login(ana)
    return (
        client,
        ana,
        [
            make_deal(pipeline=pipeline, owner=ana, team=team, by=ana, amount=amount, at=ago(20))
            for amount in (1000, 3000)
        ],
    )


def expected(deal, chance=0.4, *, reasons=(), **fields):
    today = local_date(timezone.now())
    facts = {"early_on": today + timedelta(9), "likely_on": today + timedelta(20), "late_on": today + timedelta(60)}
    facts |= {"low": chance / 2, "high": (1 + chance) / 2} | fields
    return norming.Expected(deal.pk, deal.stage_id, chance, reasons=list(reasons), **facts)


def learn(*found, pipeline, closed=120):
    norming.write_chances(pipeline, found, closed=closed, head="here", as_of=timezone.now())


def board(pipeline, user):
    return queries.board(pipeline, user=user, filter=DealFilter.none(), at=timezone.now())


def words(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_card_panel_list_and_sums_tell_the_same_chance(scene):
    client, _ana, (small, large) = scene
    pipeline = small.pipeline
    learn(expected(small, 0.5), expected(large, 0.2), pipeline=pipeline)
    page = words(client.get(f"/sales/{pipeline.pk}/"))
    for share in ("50 %", "20 %"):
        assert f'<span class="odds num" title="Chance to win">{share}' in page
    assert "€1.1k at 28 %" in page, "500 and 600, of 4000"
    assert '<b class="num">€1.1k</b> weighted' in page
    table = words(client.get(f"/sales/{pipeline.pk}/table/?order=-chance"))
    assert table.index(f'id="row-{small.pk}"') < table.index(f'id="row-{large.pk}"')
    assert "<b>€1 100</b>" in table
    panel = words(client.get(f"/deals/{small.pk}/"))
    assert '<b class="num">50 %</b> <span class="muted num">(25 % to 75 %)</span>' in panel
    assert "learned from 120 closed deals" in panel and "four times in five between" in panel


def test_a_chance_ends_with_the_stage_that_it_was_learned_of(scene):
    _client, ana, (small, large) = scene
    learn(expected(small, 0.5), pipeline=small.pipeline)
    moving.move(small, to=stage_of(small.pipeline, "Proposal"), by=ana, at=timezone.now())
    fresh = Deal.objects.get(pk=small.pk)
    assert (fresh.expected, fresh.chance) == (None, None)
    assert "follows within the hour" in queries.panel(fresh, user=ana, at=timezone.now()).not_yet
    shown = board(small.pipeline, ana)
    assert (shown.weighted, shown.without_chance) == (None, ["Inquiry", "Proposal"])
    closing.win(large, by=ana, at=timezone.now())
    assert Deal.objects.get(pk=large.pk).chance == 1.0


def test_a_stage_whose_deals_are_known_in_part_counts_those_and_is_named(scene):
    _client, ana, (small, _large) = scene
    learn(expected(small, 0.5), pipeline=small.pipeline)
    shown = board(small.pipeline, ana)
    assert (shown.weighted, shown.without_chance) == (500, ["Inquiry"])


def test_a_deal_without_a_chance_of_its_own_has_its_stages(scene):
    _client, ana, (small, _large) = scene
    small.pipeline.stages.filter(name="Inquiry").update(fixed_chance="0.25")
    learn(expected(small, 0.5), pipeline=small.pipeline)
    shown = board(small.pipeline, ana)
    assert (shown.weighted, shown.without_chance) == (500 + 750, [])


def test_below_thirty_closed_deals_the_panel_says_what_is_missing(scene):
    client, _ana, (small, _large) = scene
    learn(pipeline=small.pipeline, closed=29)
    assert "needs 30 closed deals, has 29" in words(client.get(f"/deals/{small.pk}/"))
    learn(pipeline=small.pipeline, closed=30)
    assert "needs 30 closed deals" not in words(client.get(f"/deals/{small.pk}/"))


def test_the_facts_that_move_it_are_told_with_their_points(scene):
    client, ana, (small, _large) = scene
    found = [
        {"key": "age", "points": -0.124, "of": 20},
        {"key": "owner", "points": 0.06, "of": ana.pk},
        {"key": "pushed", "points": -0.03, "of": 2},
    ]
    learn(expected(small, reasons=found), pipeline=small.pipeline)
    page = words(client.get(f"/deals/{small.pk}/"))
    for told in ("−12</b><span>20 days in Inquiry", "+6</b><span>Ana wins more", "−3</b><span>close put off 2 times"):
        assert told in page
    revising.revise(small, owner=make_user(name="Cleo"), by=ana, at=timezone.now())
    deal = queries.face(small, at=timezone.now())
    assert [reason.points for reason in queries.chances.reasons(deal)] == [-12, -3], (
        "what was learned of Ana is not Cleo's"
    )


def test_learning_again_replaces_what_was_learned_and_contests_no_card(scene):
    _client, _ana, (small, large) = scene
    learn(expected(small, 0.5), expected(large, 0.2), pipeline=small.pipeline)
    before = list(Deal.objects.order_by("pk").values_list("version", "touched"))
    learn(expected(large, 0.3), pipeline=small.pipeline, closed=121)
    assert list(DealChance.objects.values_list("deal", "chance")) == [(large.pk, 0.3)]
    assert ChanceNorm.objects.get().closed == 121
    assert list(Deal.objects.order_by("pk").values_list("version", "touched")) == before


@pytest.mark.parametrize(
    "wrong",
    [{"low": 0.5}, {"high": 0.3}, {"high": 1.1}, {"low": -0.1}, {"likely_on": None}, {"late_on": date(2020, 1, 1)}],
)
def test_a_chance_outside_its_range_and_days_out_of_order_are_refused(scene, wrong):
    _client, _ana, (small, _large) = scene
    with pytest.raises(IntegrityError), transaction.atomic():
        learn(expected(small, 0.4, **wrong), pipeline=small.pipeline)


def test_dates_put_off_are_counted_shown_and_found(scene):
    client, ana, (small, large) = scene
    today = local_date(timezone.now())
    for days in (10, 20, 15, 40):  # the first sets it, the third comes nearer
        revising.revise(small, expected_close=today + timedelta(days), by=ana, at=timezone.now())
    for day in (today - timedelta(9), None, today - timedelta(2)):
        revising.revise(large, expected_close=day, by=ana, at=timezone.now())
    page = words(client.get(f"/sales/{small.pipeline_id}/"))
    assert page.count("put off 2×") == 1 and page.count('class="tag late"') == 1
    assert "put off 2×" in words(client.get(f"/deals/{small.pk}/"))
    found = client.get(f"/sales/{small.pipeline_id}/table/?closes=put_off").content.decode()
    assert f'id="row-{small.pk}"' in found and f'id="row-{large.pk}"' not in found
    overdue = client.get(f"/sales/{small.pipeline_id}/table/?closes=overdue").content.decode()
    assert f'id="row-{large.pk}"' in overdue and f'id="row-{small.pk}"' not in overdue


def test_amounts_in_other_currencies_weigh_what_they_are_worth(scene):
    _client, ana, (small, large) = scene
    Company.objects.update(base_currency="EUR")
    learn(expected(small, 1.0, low=1.0, high=1.0), expected(large, 0.0, low=0.0, high=0.0), pipeline=small.pipeline)
    assert board(small.pipeline, ana).weighted == Deal.objects.get(pk=small.pk).base_amount
