"""With nothing, five or twenty-nine deals closed every page of Insight renders, and says what it cannot say."""

from datetime import timedelta

import pytest
from django.utils import timezone

from deals.domain import closing, moving
from deals.models import Pipeline
from tests.analytics import rendering
from tests.factories import make_deal, make_pipeline, make_reason, make_user, stage_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def noon(days):
    """So many days ago at noon, which is one day in every zone between the Americas and Asia."""
    return timezone.now().replace(hour=12, minute=0) - timedelta(days=days)


def close(number):
    """So many deals, two of three won, beside half as many that are open."""
    pipeline = Pipeline.objects.filter(is_default=True).first() or make_pipeline("New business", is_default=True)
    reason = make_reason("Price")
    for place in range(number + number // 2):
        deal = make_deal(pipeline=pipeline, amount=1000 + 37 * place, at=noon(85 - place))
        moving.move(deal, to=stage_of(pipeline, "Proposal"), by=None, at=noon(30 - place // 4))
        if place < number and place % 3:
            closing.win(deal, by=None, at=noon(15 - place // 4))
        elif place < number:
            closing.lose(deal, reason=reason, by=None, at=noon(15 - place // 4))


@pytest.fixture
def told(client):
    """What each page says after so many deals."""
    client.force_login(make_user(name="Ana"))

    def of(number):
        close(number)
        return rendering.told(client)

    return of


SAID = {
    0: {
        "river": "Nothing has flowed yet",
        "bottleneck": "There is not enough history yet to compare the stages with how they were before.",
        "cycle_time": "not enough yet: needs 10 won in a year, has 0",
        "losses": "Not enough yet: needs 10 deals lost in the window, has 0.",
        "drivers": "Not enough yet: needs 500 deals that were followed to their end, has 0.",
        "compare": "Not enough yet: needs 10 that left a stage or came to an end in both selections.",
        "improve": "Nothing is being improved yet",
        "brings": "Nobody came by marketing in this window",
        "forecast": "Too few deals have been closed in this pipeline to say what will be won.",
    },
    5: {
        "river": "Of the 7 that began in the window, 3 are won so far, 2 lost, and 2 still open.",
        "bottleneck": "Generation: not enough yet: needs 10 stays",
        "cycle_time": "not enough yet: needs 10 won in a year, has 3",
        "losses": "Not enough yet: needs 10 deals lost in the window, has 2.",
        "drivers": "Not enough yet: needs 500 deals that were followed to their end, has ",
        "compare": "Not enough yet: needs 10 that left a stage or came to an end in both selections.",
        "improve": "Nothing is being improved yet",
        "brings": "Not enough yet: needs 10 that came, has 7.",
        "forecast": "Not enough yet: a forecast needs 10 closed deals, has 5.",
    },
    29: {
        "river": "Of the 43 that began in the window, 19 are won so far, 10 lost, and 14 still open.",
        "bottleneck": "There is not enough history yet to compare the stages with how they were before.",
        "cycle_time": "of 19 won in a year",
        "losses": "10 of the 29 deals that ended in the window were lost.",
        "drivers": "Not enough yet: needs 500 deals that were followed to their end, has ",
        "compare": "Not enough yet: needs 10 that left a stage or came to an end in both selections.",
        "improve": "Nothing is being improved yet",
        "brings": "No source clearly brings most orders",
    },
}


@pytest.mark.parametrize("number", SAID)
def test_every_page_renders_and_says_what_it_cannot_say(told, number):
    pages = told(number)
    assert {name: words for name, words in SAID[number].items() if words not in pages[name]} == {}
