"""Why deals are lost: counted as they stand, compared with before, silent where too few."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics import behind, days
from analytics.behind import Question, What
from analytics.reports import losses
from analytics.selection import Selection
from tests.simulation import STAGES, log, river

WON, LOST = len(STAGES) - 2, len(STAGES) - 1
SELECTION = Selection(pipeline=1, as_of=days.day(389))
PRICE, SILENT, RIVAL = "Price", "No answer", "Went elsewhere"


def lost_for(reasons_now, reasons_before=(), won=0, stage=2):
    """Deals lost in the window for these reasons, and before it; `won` in the window."""
    rows, said = [], []
    told = [(reason, 350) for reason in reasons_now] + [(reason, 200) for reason in reasons_before]
    for card, (reason, day) in enumerate(told):
        rows += [(card, stage, day - 10, 100.0), (card, LOST, day)]
        if reason:
            said.append((card, reason, "Rival Inc" if reason == RIVAL else ""))
    rows += [row for card in range(5000, 5000 + won) for row in ((card, stage, 340, 100.0), (card, WON, 350))]
    frame = pl.DataFrame(said, schema={"card": pl.Int64, "reason": pl.String, "competitor": pl.String}, orient="row")
    return replace(river(log(rows)), lost=lambda: frame)


def asked(of):
    return losses.report(of, SELECTION)


def test_by_hand():
    found = asked(lost_for([PRICE] * 6 + [SILENT] * 3 + [""], won=10))
    assert (found.lost, found.won, found.share, found.lost_amount) == (10, 10, 0.5, 1000.0)
    assert [(group.name, group.n, group.share) for group in found.reasons] == [
        (PRICE, 6, 0.6),
        (SILENT, 3, 0.3),
        ("", 1, 0.1),
    ]
    assert [(group.key, group.name, group.n) for group in found.stages] == [("proposal", "Proposal", 10)]
    assert found.reasons[0].share_low < 0.6 < found.reasons[0].share_high
    assert {"code": "no_reason", "n": 1, "of": 10} in found.warnings
    month = next(month for month in found.months if month.start <= days.day(350) and month.start.month == 12)
    assert (month.lost, month.closed, month.by_reason) == (10, 20, {PRICE: 6, SILENT: 3, "": 1})


def test_a_deal_that_was_reopened_counts_as_it_stands():
    rows = [(1, 2, 340), (1, LOST, 350), (1, 2, 355), (1, WON, 360), (2, 2, 340), (2, LOST, 350), (2, 2, 355)]
    found = asked(river(log(rows)))
    assert (found.lost, found.won) == (0, 1)


def test_a_reason_that_became_frequent_is_told():
    found = asked(lost_for([RIVAL] * 30 + [PRICE] * 20, [RIVAL] * 10 + [PRICE] * 60 + [SILENT] * 30)).as_facts()
    rival = found["reasons"][0]
    assert (rival["name"], rival["before"]) == (RIVAL, 0.1) and rival["q"] < 0.01
    assert "Went elsewhere is said more often: 60 % of losses, it was 10 %" in losses.finding(found)["sentence"]
    assert found["competitors"][0]["name"] == "Rival Inc"


def test_where_nothing_changed_nothing_is_told_more_than_once_in_ten():
    """Two hundred times the same mix of four reasons, now and before."""
    rng, names = np.random.default_rng(1), np.array([PRICE, SILENT, RIVAL, "Timing"])
    told = 0
    for _ in range(200):
        now, before = (rng.choice(names, size=size, p=[0.4, 0.3, 0.2, 0.1]) for size in (60, 180))
        groups = asked(lost_for(now.tolist(), before.tolist())).reasons
        told += any(group.q <= losses.RATE for group in groups)
    assert told / 200 <= 0.12


@pytest.mark.parametrize(
    ("reasons", "head"),
    [
        ([PRICE] * 30 + [SILENT] * 10, "Most are lost for one reason: Price"),
        ([PRICE] * 11 + [SILENT] * 10, "No reason for losing stands out"),
        ([PRICE] * 5, "Too few losses to say why"),
    ],
)
def test_the_finding_is_neutral_where_two_reasons_are_alike(reasons, head):
    assert losses.finding(asked(lost_for(reasons)).as_facts())["head"] == head


def test_behind_each_number_are_its_deals():
    of = lost_for([PRICE] * 6 + [SILENT] * 3 + [""], [PRICE] * 4, won=2)
    for group in asked(of).reasons:
        assert behind.stays(of, SELECTION, Question(What.LOST, reason=group.key)).height == group.n
    for group in asked(of).stages:
        assert behind.stays(of, SELECTION, Question(What.LOST, stage=group.key)).height == group.n


def test_an_empty_pipeline_says_so():
    found = asked(river(log([])))
    assert [warning["code"] for warning in found.warnings] == ["empty"]
    assert "Too few" in losses.finding(found.as_facts())["head"]
