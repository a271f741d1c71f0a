"""The tabs of Insight: every page has one place."""

from collections import Counter

import pytest

from analytics.catalogue import PAGES, REPORTS, tabs
from analytics.templatetags.insight import insight_tabs


def test_every_page_has_one_place_in_one_group():
    placed = Counter(page.name for group in tabs() for page in group.pages)
    assert placed == Counter([*REPORTS, *PAGES])


@pytest.mark.parametrize("group", tabs(), ids=lambda group: group.key)
def test_a_page_shows_the_row_of_its_own_group(group):
    for page in group.pages:
        shown = insight_tabs(page.name, "team=3")
        assert (shown["group"], shown["page"], shown["query"]) == (group, page, "team=3")
