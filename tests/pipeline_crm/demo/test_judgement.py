from datetime import UTC, datetime

import pytest

from analytics import grading, judging, recording
from analytics.models import Judgement
from analytics.rolling_up import TEAM, WHOLE
from deals.models import Pipeline
from pipeline_crm import demo

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


def test_the_demo_companys_people_expect_something_and_were_graded():
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    demo.load(at=at)
    pipeline = Pipeline.objects.get(is_default=True)
    october, november = sorted({(word.starts_on, word.ends_on) for word in Judgement.objects.all()})
    assert (october[0].month, november[0].month) == (10, 11)
    present = judging.periods(at.date())[0]
    lines = judging.lines(judging.words(pipeline, present), judging.roster(pipeline))
    assert (lines[WHOLE].said, lines[WHOLE].of) == (6, 6)
    led = [line for line in lines.values() if line.whose[0] == TEAM and line.override]
    assert len(led) == 1 and led[0].figure.commit < led[0].below.commit
    assert not Judgement.objects.filter(recorded_at__gt=at).exists()
    grading.write_outcomes(at=at)
    for evening in recording.due(at=at):
        assert sum(evening.keep(one, at=at) for one in evening.selections) > 0
    kept = grading.Machines(pipeline, [present]).newest(present)
    assert kept.keys() == lines.keys(), "everybody's figure stands beside a forecast"
    whole, *_others = grading.grades(pipeline, judging.roster(pipeline), on=at.date())
    assert (whole.whose, whole.periods, whole.weeks) == (WHOLE, 1, 4) and whole.error < 0.5
