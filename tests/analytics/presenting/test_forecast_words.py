"""The record in words; the grades come best first."""

from analytics.presenting import forecast


def grade(method, crps, inside=None):
    return {"method": method, "n": 2, "error": crps, "bias": -0.1, "inside": inside, "crps": crps}


PERIOD = dict.fromkeys(
    ("won", "open", "new", "recycled", "point", "q10", "q25", "q50", "q75", "q90", "q025", "q975", "stage_weighted")
)
MONTHS = [
    {"start": "2026-01-01", "end": "2026-01-31", "won": 90.0, "q10": 50.0, "q50": 80.0, "q90": 120.0},
    {"start": "2026-02-01", "end": "2026-02-28", "won": 190.0, "q10": 50.0, "q50": 80.0, "q90": 120.0},
]


def shown(record, weights=None, graded=MONTHS):
    return forecast.shown(
        {
            "currency": "EUR",
            "unit": "month",
            "first_month": 1,
            "total": None,
            "targets": [],
            "periods": [PERIOD | {"start": "2026-03-01", "end": "2026-03-31"}],
            "past_won": [],
            "open_deals": 1,
            "won_deals": 1,
            "period_shock": None,
            "weights": weights,
            "graded": graded,
            "record": record,
        }
    )


def test_the_record_says_how_many_months_were_inside_and_who_was_nearest():
    page = shown([grade("blend", 0.1, 0.5), grade("history", 0.2, 1.0)])
    assert page["record_title"] == "1 of the last 2 months lay inside the range; nothing else has been nearer"
    assert [row["is_inside"] for row in page["graded"]] == [True, False]
    assert [row["is_ours"] for row in page["grades"]] == [True, False]


def test_where_another_way_was_nearer_nothing_is_claimed():
    page = shown([grade("history", 0.1, 0.5), grade("blend", 0.2, 0.5)])
    assert page["record_title"] == "1 of the last 2 months lay inside the range"


def test_of_the_ways_to_weigh_stages_only_the_best_is_named():
    record = [grade("stage_weighted_drop", 0.2), grade("blend", 0.3, 0.5), grade("stage_weighted", 0.4)]
    page = shown(record)
    assert [row["method"] for row in page["grades"]] == ["stage-weighted, the best of 8 ways", "this forecast"]
    assert (page["grades"][0]["bias"], page["grades"][0]["inside"]) == ("−10\u2009%", "–")


def test_how_much_each_kind_counts_is_one_line():
    assert shown([])["weights"] == ""
    weights = {"hazard": 0.7, "rhythm": 0.1, "history": 0.2}
    assert shown([], weights)["weights"].startswith("open deals and those to come 70\u2009%, past periods with")


def test_without_a_record_nothing_is_said_of_it():
    assert shown([], graded=[])["record_title"] == ""


def test_periods_are_named_as_the_company_counts_them():
    quarter = {"start": "2026-10-01", "end": "2026-12-31"}
    assert forecast.name(quarter, {"first_month": 1}) == "quarter 4 of 2026"
    assert forecast.name(quarter, {"first_month": 10}) == "quarter 1 of 2027"
    assert forecast.name({"start": "2026-11-30", "end": "2026-12-06"}, {"first_month": 1}) == "30 Nov–6 Dec 2026"
