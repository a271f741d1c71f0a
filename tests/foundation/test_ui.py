"""Small words of the templates."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.utils import timezone

from pipeline_crm.foundation.templatetags import ui


@pytest.mark.parametrize(
    ("share", "words"), [(None, "–"), (0.5, "50\u2009%"), (Decimal("0.125"), "12\u2009%"), (1, "100\u2009%")]
)
def test_percent(share, words):
    assert ui.percent(share) == words


@pytest.mark.parametrize(("left", "words"), [(-4, "4 d overdue"), (-1, "1 d overdue"), (0, "Today"), (1, "Tomorrow")])
def test_due_words(left, words):
    assert ui.due_words(SimpleNamespace(days_left=left, due_on=date(2026, 1, 1))) == words


def test_a_later_step_names_its_day():
    day = timezone.localdate() + timedelta(days=400)
    assert ui.due_words(SimpleNamespace(days_left=400, due_on=day)) == f"{day.day} {day:%b} {day.year}"


@pytest.mark.parametrize(("index", "among", "shade"), [(1, 4, "s1"), (4, 4, "s5"), (1, [object()], "s1"), (9, 4, "s5")])
def test_ramp(index, among, shade):
    assert ui.ramp(index, among) == shade


def test_an_avatar_names_its_person_and_escapes_the_name():
    drawn = ui.avatar(SimpleNamespace(colour=2, initials="<B", __str__=None))
    assert "av-2" in drawn
    assert "&lt;B" in drawn
    assert "<B" not in drawn


def test_nobody_is_said_to_be_nobody():
    assert "No owner" in ui.avatar(None)
