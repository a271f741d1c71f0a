"""On pipelines whose truth is known: chances come true as often as they say, days hold what they promise, and what
leans a chance is found while what does not is not."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics import days
from analytics.reports import deal_chances
from analytics.selection import Selection
from analytics.tables.promises import CLOSE_TYPES, OWNER_TYPES, SAID_TYPES, Promises
from tests.simulation import log, river, simulate

TODAY = 500
NOTHING = Promises(*(pl.DataFrame(schema=types) for types in (SAID_TYPES, CLOSE_TYPES, OWNER_TYPES)))


def asked(journeys, today=TODAY, promises=NOTHING):
    known = journeys.steps.filter(pl.col("day") <= today)
    return deal_chances.expectations(
        river(replace(journeys, steps=known)), promises, Selection(pipeline=1, as_of=days.day(today))
    )


def outcomes(journeys) -> dict[int, int | None]:
    """card → day of the win, None for a loss; those still open are missing."""
    last = journeys.steps.sort("card", "seq").group_by("card").last()
    ended = last.filter(pl.col("stage") >= len(journeys.open_stages))
    return {
        card: day if stage == journeys.won else None for card, stage, day in ended.select("card", "stage", "day").rows()
    }


@pytest.fixture(scope="module")
def graded():
    """(chance, day of the win or None, early, late) of the open deals of eight pipelines."""
    rows = []
    for seed in range(8):
        journeys = simulate(np.random.default_rng(seed), days=900, per_day=3.0)
        came = outcomes(journeys)
        rows += [(deal, came[deal.deal]) for deal in asked(journeys).deals if deal.deal in came]
    return rows


def test_chances_come_true_as_often_as_they_say(graded):
    chance = np.array([deal.chance for deal, _won in graded])
    won = np.array([day is not None for _deal, day in graded], dtype=float)
    fifth = np.searchsorted(np.quantile(chance, [0.2, 0.4, 0.6, 0.8]), chance)
    missed = [abs(chance[fifth == i].mean() - won[fifth == i].mean()) for i in range(5)]
    assert max(missed) < 0.07 and float(np.mean(missed)) < 0.04
    assert ((chance - won) ** 2).mean() < 0.93 * won.var(), "they tell more than the share of all that are won"


def test_four_wins_in_five_come_between_the_days(graded):
    inside = [deal.early_on <= days.day(day) <= deal.late_on for deal, day in graded if day is not None]
    assert len(inside) > 150 and 0.72 < np.mean(inside) < 0.9


def test_every_chance_lies_in_its_range_and_days_follow_each_other(graded):
    for deal, _won in graded:
        assert 0 <= deal.low <= deal.chance <= deal.high <= 1
        assert deal.early_on is None or days.day(TODAY) < deal.early_on <= deal.likely_on <= deal.late_on
        assert len(deal.reasons) <= 3
        sizes = [abs(reason["points"]) for reason in deal.reasons]
        assert sizes == sorted(sizes, reverse=True) and all(size >= 0.01 for size in sizes)


def planted(rng, *, owner_twice_as_good: bool):
    """Deals of two owners in one stage; every day one in twenty ends; those of owner 1 are won 60 %, if planted, else
    all 30 %."""
    rows, owners = [], []
    for card in range(1500):
        owner, begin = int(rng.integers(1, 3)), int(rng.integers(0, TODAY))
        end = begin + int(rng.geometric(0.05))
        rows.append((card, 0, begin, 1000.0))
        if end <= TODAY:
            share = 0.6 if owner_twice_as_good and owner == 1 else 0.3
            rows.append((card, 5 if rng.random() < share else 6, end, 1000.0))
        owners.append((card, owner, None))
    return log(rows), replace(NOTHING, owners=pl.DataFrame(owners, schema=OWNER_TYPES, orient="row"))


def test_an_owner_who_wins_twice_as_often_is_found_and_equal_ones_are_not():
    journeys, promises = planted(np.random.default_rng(3), owner_twice_as_good=True)
    owner = dict(promises.owners.select("card", "owner").rows())
    chances = {1: [], 2: []}
    for deal in asked(journeys, promises=promises).deals:
        chances[owner[deal.deal]].append(deal.chance)
    assert 0.5 < np.mean(chances[1]) < 0.7 and 0.2 < np.mean(chances[2]) < 0.4
    journeys, promises = planted(np.random.default_rng(4), owner_twice_as_good=False)
    points = [
        reason["points"]
        for deal in asked(journeys, promises=promises).deals
        for reason in deal.reasons
        if reason["key"] == "owner"
    ]
    assert max(map(abs, points), default=0) < 0.05


def test_nobody_with_few_closed_deals_is_told_apart():
    journeys, promises = planted(np.random.default_rng(3), owner_twice_as_good=True)
    few = promises.owners.with_columns(owner=pl.col("card") // 25 + 1)
    found = asked(journeys, promises=replace(promises, owners=few)).deals
    assert found and not any(reason["key"] == "owner" for deal in found for reason in deal.reasons)


def closed(many, won, *, still_open=1):
    rows = [
        (card, stage, day) for card in range(many) for stage, day in ((0, card), (5 if card < won else 6, card + 9))
    ]
    return log([*rows, *((many + n, 0, 45) for n in range(still_open))])


@pytest.mark.parametrize(("many", "won"), [(0, 0), (29, 10), (40, 0)])
def test_too_little_to_say_anything_of_single_deals(many, won):
    found = asked(closed(many, won), today=50)
    known = sum(card + 9 <= 50 for card in range(many))
    assert found == deal_chances.Expectations(known, ())


def test_without_open_deals_there_is_nothing_to_say():
    assert asked(closed(40, 20, still_open=0), today=60).deals == ()


def test_equal_amounts_and_amounts_unknown_give_chances_all_the_same():
    (deal,) = asked(closed(40, 20), today=60).deals
    assert 0.2 < deal.chance < 0.8


def test_what_is_known_later_changes_nothing():
    journeys = simulate(np.random.default_rng(11), days=700, per_day=2.0)
    before = asked(journeys, today=400)
    spoiled = journeys.steps.with_columns(
        stage=pl.when(pl.col("day") > 400).then(6).otherwise("stage").cast(pl.Int16),
        amount=pl.when(pl.col("day") > 400).then(1e9).otherwise("amount"),
    )
    assert asked(replace(journeys, steps=spoiled), today=400) == before
