"""manage.py backtest, on an imported history."""

import json
from datetime import date, timedelta
from io import StringIO

import numpy as np
import pytest
from django.core.management import CommandError, call_command

from tests.deals.domain.importing.shapes import PLAIN, PLAIN_HEAD, bring_in

pytestmark = pytest.mark.django_db
FIRST = date(2023, 1, 1)


@pytest.fixture(scope="module")
def deals():
    """A deal a day, seven of ten won within a month, the others open, as one file has them."""
    rng = np.random.default_rng(1)
    lines = []
    for number in range(260):
        begun = FIRST + timedelta(days=number)
        ended = begun + timedelta(days=int(rng.integers(3, 30)))
        is_won = rng.random() < 0.7
        stage, closed = ("Order", ended) if is_won else ("Proposal", "")
        lines.append(f"{number},{stage},{int(rng.integers(500, 3000))},{begun},{closed},,")
    return PLAIN_HEAD + "\n".join(lines) + "\n"


@pytest.fixture
def pipeline(deals, tmp_path):
    outcome = bring_in(tmp_path / "deals.csv", deals, PLAIN)
    assert outcome.counts()["created"] == 260
    return PLAIN["pipeline"]["name"]


def backtest(*arguments):
    out = StringIO()
    call_command("backtest", *arguments, stdout=out)
    return out.getvalue()


def test_rows_have_the_promised_shape(pipeline):
    rows = json.loads(
        backtest(f"--pipeline={pipeline}", "--from=2023-06-01", "--to=2023-06-20", "--horizon=28", "--step=7")
    )
    assert list(rows[0]) == [
        "origin", "horizon", "method", "actual", "point", "q05", "q10", "q25", "q50", "q75", "q90", "q95", "crps",
    ]  # fmt: skip
    assert sorted({row["origin"] for row in rows}) == ["2023-06-01", "2023-06-08", "2023-06-15"]
    methods = {row["method"] for row in rows}
    assert methods >= {"naive", "mean3", "history", "stage_weighted", "stage_weighted_cohort", "hazard", "blend"}
    assert {row["horizon"] for row in rows} == {28} and all(row["actual"] > 0 for row in rows)


def test_grades_and_csv_tell_the_same(pipeline):
    asked = (f"--pipeline={pipeline}", "--from=2023-06-01", "--to=2023-06-20", "--horizon=28", "--step=7")
    table, lines = backtest(*asked, "--format=grades"), backtest(*asked, "--format=csv").splitlines()
    assert table.splitlines()[0].split() == ["method", "n", "crps", "error", "bias", "inside"]
    methods = {line.split()[0] for line in table.splitlines()[1:]}
    assert "blend" in methods and len(lines) == 1 + 3 * len(methods)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--from=2023-06-20", "--to=2023-06-01"), "--from comes after --to"),
        (("--from=yesterday", "--to=2023-06-01"), "--from is a day"),
        (("--from=2023-06-01", "--to=2999-01-01"), "is not known yet"),
        (("--from=2023-06-01", "--to=2023-06-02", "--horizon=0"), "at least 1"),
        (("--from=2023-06-01", "--to=2023-06-02", "--pipeline=Nowhere"), "no pipeline “Nowhere”"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(pipeline, arguments, problem):
    with pytest.raises(CommandError, match=problem):
        backtest(*arguments)
