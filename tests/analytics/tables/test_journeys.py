import polars as pl

from analytics.tables import journeys

STEP = {
    "card": pl.Int64,
    "seq": pl.Int64,
    "to": pl.String,
    "occurred_at": pl.Int64,
    "exact": pl.Boolean,
    "amount": pl.Float64,
}
DEAL = {"card": pl.Int64, "lead": pl.Int64, "attempt": pl.Int32}


def joined(lead_rows, deal_rows, deals):
    """Rows are (card, seq, to, occurred_at)."""
    leads = pl.DataFrame([(*row, True, None) for row in lead_rows], schema=STEP, orient="row")
    sales = pl.DataFrame([(*row, True, 100.0) for row in deal_rows], schema=STEP, orient="row")
    frame = journeys.journeys(leads, sales, pl.DataFrame(deals, schema=DEAL, orient="row"))
    return frame.select("card", "to", "attempt").rows()


def test_an_accepted_lead_and_its_deal_are_one_journey():
    lead = [(7, 1, "generation", 0), (7, 2, "ready", 5), (7, 3, "accepted", 9)]
    deal = [(30, 1, "11", 9), (30, 2, "12", 12)]
    assert joined(lead, deal, [(30, 7, 1)]) == [(30, "generation", 1), (30, "ready", 1), (30, "11", 1), (30, "12", 1)]


def test_who_comes_back_is_a_second_journey():
    lead = [
        (7, 1, "ready", 5),
        (7, 2, "accepted", 9),
        (7, 3, "waiting", 20),
        (7, 4, "nurturing", 99),
        (7, 5, "accepted", 110),
    ]
    deals = [(30, 7, 1), (31, 7, 2)]
    assert joined(lead, [(30, 1, "11", 9), (31, 1, "11", 110)], deals) == [
        (30, "ready", 1),
        (30, "11", 1),
        (31, "waiting", 2),
        (31, "nurturing", 2),
        (31, "11", 2),
    ]


def test_a_deal_without_marketing_has_no_lead_stays():
    assert joined([(7, 1, "generation", 9), (7, 2, "accepted", 9)], [(30, 1, "11", 9)], [(30, 7, 1)]) == [(30, "11", 1)]


def test_a_second_deal_of_an_attempt_begins_in_sales():
    lead = [(7, 1, "ready", 5), (7, 2, "accepted", 9)]
    deals = [(30, 7, 1), (31, 7, 1)]
    assert joined(lead, [(30, 1, "11", 9), (31, 1, "12", 50)], deals) == [
        (30, "ready", 1),
        (30, "11", 1),
        (31, "12", 1),
    ]


def test_a_lead_on_its_way_is_a_journey_without_a_deal():
    assert [row[1:] for row in joined([(7, 1, "nurturing", 5)], [], [])] == [("nurturing", 1)]


def test_a_lead_accepted_elsewhere_belongs_to_another_river():
    assert joined([(7, 1, "ready", 5), (7, 2, "accepted", 9)], [], []) == []
