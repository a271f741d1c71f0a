"""The invented truth is what the demo promises, in every story and on the whole."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

import pytest

from pipeline_crm.demo import people, simulation

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def stories():
    return list(simulation.stories(Random(1), 3000, people.SOURCES, AT))


@pytest.fixture(scope="module")
def deals(stories):
    return [deal for story in stories for deal in story.deals]


def test_the_same_seed_tells_the_same_stories():
    assert list(simulation.stories(Random(5), 50, people.SOURCES, AT)) == list(
        simulation.stories(Random(5), 50, people.SOURCES, AT)
    )


def test_time_only_runs_forward_and_never_beyond_the_present(stories, deals):
    for steps in [story.steps for story in stories] + [deal.steps for deal in deals]:
        times = [step.at for step in steps]
        assert times == sorted(times) and times[-1] <= AT
        assert all(one.stage != other.stage for one, other in zip(steps, steps[1:], strict=False))


def test_there_are_about_3000_leads_and_1500_deals(stories, deals):
    assert 2950 <= len(stories) <= 3000
    assert 1350 <= len(deals) <= 1700


def test_the_boards_look_like_boards(stories, deals):
    open_deals = Counter(deal.stage for deal in deals if deal.is_open)
    assert 55 <= sum(open_deals.values()) <= 120 and set(open_deals) == set(simulation.OPEN_STAGES)
    leads = Counter(story.steps[-1].stage for story in stories)
    for stage in ("waiting", "generation", "nurturing", "qualification", "ready"):
        assert 3 <= leads[stage] <= 80, stage


def test_estimate_has_become_slow_and_nothing_else_has(deals):
    stays = {}
    for deal in deals:
        for step, following in zip(deal.steps, deal.steps[1:], strict=False):
            recent = step.at > AT - simulation.SLOW_SINCE
            if not recent or step.at < AT - timedelta(days=45):  # the last weeks hold only the quick ones
                stays.setdefault((step.stage, recent), []).append(following.at - step.at)
    slower = {stage: median(stays[stage, True]) / median(stays[stage, False]) for stage in simulation.OPEN_STAGES}
    assert slower["Estimate"] > 1.6
    assert all(slower[stage] < 1.35 for stage in ("Inquiry", "Hearing", "Proposal"))


def test_recycled_leads_come_back_and_some_are_won_then(stories, deals):
    second = Counter(deal.stage for deal in deals if deal.attempt > 1)
    assert second["Order"] >= 20 and second["Lost"] >= 20
    waiting = [story for story in stories if story.steps[-1].stage == "waiting"]
    assert all(story.contact_again_on >= AT.date() for story in waiting)


def test_a_lead_that_returns_was_lost_before(stories):
    for story in stories:
        for back in story.returns:
            assert back.deal.stage == "Lost" and back.at >= back.deal.steps[-1].at
            assert story.steps[back.seq - 1].stage == "waiting"


def test_august_and_december_are_quiet(stories):
    by_month = Counter(story.steps[0].at.month for story in stories)
    assert by_month[8] < by_month[9] and by_month[12] < by_month[10]
