import polars as pl

from analytics.tables.amendments import effective

EVENTS = pl.DataFrame({"card": [1, 1, 1], "seq": [1, 2, 3], "to": ["a", "b", "c"], "occurred_at": [10, 20, 30]})
NONE = pl.DataFrame(
    schema={"card": pl.Int64, "seq": pl.Int64, "kind": pl.String, "occurred_at": pl.Int64, "recorded_at": pl.Int64}
)


def words(*rows):
    return pl.DataFrame(rows, schema=NONE.schema, orient="row")


def test_without_amendments_the_events_are_the_history():
    assert effective(EVENTS, NONE).equals(EVENTS)


def test_a_voided_step_vanishes():
    assert effective(EVENTS, words((1, 2, "void", None, 40)))["to"].to_list() == ["a", "c"]


def test_the_latest_date_counts():
    amended = effective(EVENTS, words((1, 2, "redate", 15, 41), (1, 2, "redate", 12, 40)))
    assert amended["occurred_at"].to_list() == [10, 15, 30]


def test_two_equal_stages_in_a_row_are_one_stay():
    back = EVENTS.with_columns(to=pl.Series(["a", "b", "a"]))
    assert effective(back, words((1, 2, "void", None, 40)))["to"].to_list() == ["a"]
