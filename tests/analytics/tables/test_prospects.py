"""What was known of a lead at a moment: nothing that came later, and each attempt once."""

import numpy as np
import polars as pl
import pytest

from analytics.tables import prospects
from analytics.tables.prospects import DAY

RNG = 1


def steps(*rows) -> pl.DataFrame:
    """(lead, stage, day), in order."""
    seqs: dict[int, int] = {}
    found = []
    for lead, stage, day in rows:
        seqs[lead] = seqs.get(lead, 0) + 1
        found.append((lead, seqs[lead], stage, day * DAY))
    types = {"card": pl.Int64, "seq": pl.Int64, "to": pl.String, "occurred_at": pl.Int64}
    return pl.DataFrame(found, schema=types, orient="row")


def touches(*rows) -> pl.DataFrame:
    types = {"lead": pl.Int64, "kind": pl.String, "at": pl.Int64}
    return pl.DataFrame([(lead, kind, int(day * DAY)) for lead, kind, day in rows], schema=types, orient="row")


def fits(*rows) -> pl.DataFrame:
    types = {"lead": pl.Int64, "at": pl.Int64, "fit": pl.Int64}
    return pl.DataFrame([(lead, day * DAY, fit) for lead, day, fit in rows], schema=types, orient="row")


def sources(*rows) -> pl.DataFrame:
    types = {"lead": pl.Int64, "since": pl.Int64, "source": pl.Int64}
    return pl.DataFrame([(lead, day * DAY, source) for lead, day, source in rows], schema=types, orient="row")


def drawn(stays, until=400, horizon=90) -> pl.DataFrame:
    return prospects.drawn(stays, until=until * DAY, horizon=horizon * DAY, rng=np.random.default_rng(RNG))


def test_stays_know_their_attempt_and_when_sales_took_it():
    stays = prospects.visits(
        steps(
            (1, "generation", 0), (1, "nurturing", 5), (1, "ready", 20), (1, "accepted", 22), (1, "waiting", 60),
            (1, "nurturing", 150), (2, "generation", 3), (2, "disqualified", 9),
        )
    )  # fmt: skip
    days = stays.with_columns(pl.col("entered", "left", "began", "accepted") // DAY)
    assert days.select("lead", "attempt", "stage", "entered", "left", "began", "accepted").rows() == [
        (1, 1, "generation", 0, 5, 0, 22),
        (1, 1, "nurturing", 5, 20, 0, 22),
        (1, 1, "ready", 20, 22, 0, 22),
        (1, 2, "nurturing", 150, None, 60, None),
        (2, 1, "generation", 3, 9, 3, None),
    ]


def test_each_attempt_gives_one_moment_whose_outcome_is_known():
    many = [step for lead in range(200) for step in ((lead, "generation", 0), (lead, "nurturing", 10))]
    stays = prospects.visits(steps(*many, (900, "generation", 311), (901, "generation", 310)))
    moments = drawn(stays)
    assert moments["lead"].is_unique().all() and set(moments["lead"]) == {*range(200), 901}
    days = set((moments.filter(pl.col("lead") < 200)["moment"] // DAY).to_list())
    assert days <= {0, *range(10, 311, 14)} and len(days) > 15
    assert drawn(stays).equals(moments)


@pytest.mark.parametrize("accepted, became", [(90, True), (91, False), (None, False)])
def test_it_became_a_deal_when_sales_took_it_within_the_horizon(accepted, became):
    rows = [(1, "generation", 0), (1, "disqualified", 5)]
    if accepted:
        rows = [(1, "generation", 0), (1, "waiting", 1), (1, "accepted", accepted)]
    [row] = drawn(prospects.visits(steps(*rows))).rows(named=True)
    assert (row["moment"], row["became"]) == (0, became)


def test_what_came_later_is_not_known_at_the_moment():
    stays = prospects.visits(steps((1, "nurturing", 0)))
    moment = prospects.now(stays, 60 * DAY)
    [row] = prospects.known(
        moment,
        touches((1, "call", 60), (1, "meeting", 30), (1, "form", 61), (1, "click", 0), (2, "reply", 59)),
        fits((1, 40, 12), (1, 55, 20), (1, 61, 99)),
        sources((1, 0, 7), (1, 50, 8), (1, 70, 9)),
    ).rows(named=True)
    assert row["talked"] == pytest.approx(1.5) and row["clicked"] == pytest.approx(0.25)
    assert (row["wrote"], row["replied"], row["fit"], row["source"]) == (0, 0, 20, 8)
    assert (row["in_stage"], row["in_all"]) == (60, 60)


def test_those_that_stand_now_are_open_and_waiting_ones_are_not_asked_about():
    stays = prospects.visits(
        steps((1, "nurturing", 0), (2, "nurturing", 0), (2, "accepted", 9), (3, "accepted", 1), (3, "waiting", 9))
    )
    assert prospects.now(stays, 60 * DAY)["lead"].to_list() == [1]


def test_the_matrix_has_a_column_for_each_fact_and_for_sources_that_many_came_from():
    stays = prospects.visits(steps(*[(lead, "qualification", 0) for lead in range(40)]))
    facts = prospects.known(
        prospects.now(stays, 10 * DAY),
        touches(),
        fits((0, 1, 5)),
        sources(*[(lead, 0, 1 + lead // 35) for lead in range(40)]),
    )
    usual = prospects.usual_sources(facts)
    x = prospects.matrix(facts, usual)
    assert usual == [1] and x.shape == (40, 12)
    assert x[0, :4].tolist() == [0, 1, 0, 0] and x[0, 10] == 5 and np.isnan(x[1, 10])
    assert x[:, 11].sum() == 35


def test_without_leads_there_is_nothing_to_know():
    stays = prospects.visits(steps())
    past = prospects.known(drawn(stays), touches(), fits(), sources())
    assert prospects.matrix(past, prospects.usual_sources(past)).shape == (0, 11) and len(prospects.outcomes(past)) == 0
