"""What marketing brings: counted by hand, open ones as open, first and last touch apart, and in sum what there is."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from analytics import behind, days
from analytics.behind import Question, What
from analytics.event_log import Half, Kind, Stage, event_log
from analytics.origins import COST_COLUMNS, LEAD_COLUMNS, TOUCH_COLUMNS, Origins, landing
from analytics.reports import brings
from analytics.selection import Selection
from tests.simulation import river

MARKETING = {"half": Half.MARKETING}
STAGES = (
    Stage("waiting", "Waiting", Kind.PARKED, **MARKETING),
    Stage("generation", "Generation", **MARKETING),
    Stage("ready", "Ready", **MARKETING),
    Stage("inquiry", "Inquiry"),
    Stage("won", "Order", Kind.WON),
    Stage("lost", "Lost", Kind.LOST),
)
WAITING, GENERATION, READY, INQUIRY, WON, LOST = range(6)
SELECTION = Selection(pipeline=1, as_of=days.day(100))  # its window: days 11 to 100
FAIR, WEB, MAIL, NONE = "1", "2", "3", ""
STAND, SPRING, AUTUMN = "11", "12", "13"
NAMES = {
    "source": {FAIR: "Fair", WEB: "Web", MAIL: "Mail"},
    "campaign": {STAND: "Stand", SPRING: "Spring", AUTUMN: "Autumn"},
}
STEPS = [  # card, attempt, stage, day, amount
    (101, 1, GENERATION, 20, None), (101, 1, READY, 30, None), (101, 1, INQUIRY, 32, 900.0), (101, 1, WON, 50, 1000.0),
    (102, 1, GENERATION, 16, None), (102, 1, READY, 25, None), (102, 1, INQUIRY, 26, 700.0),
    (-3001, 1, GENERATION, 30, None), (-3001, 1, LOST, 40, None),
    (-4001, 1, GENERATION, 90, None),
    (105, 1, GENERATION, 22, None), (105, 1, READY, 24, None), (105, 1, INQUIRY, 25, 800.0), (105, 1, LOST, 40, None),
    (115, 2, WAITING, 40, None), (115, 2, INQUIRY, 61, 800.0), (115, 2, WON, 80, 500.0),
    (106, 1, GENERATION, 5, None), (106, 1, INQUIRY, 12, 800.0), (106, 1, WON, 20, 800.0),
    (107, 1, INQUIRY, 30, 2000.0), (107, 1, WON, 60, 2000.0),
    (118, 1, INQUIRY, 60, None), (118, 1, WON, 70, None),
]  # fmt: skip
LEADS = [
    (101, 1, FAIR), (118, 1, FAIR), (102, 2, WEB), (-3001, 3, WEB), (-4001, 4, NONE), (105, 5, FAIR), (115, 5, FAIR),
    (106, 6, FAIR), (107, 7, FAIR),
]  # fmt: skip
TOUCHES = [  # lead, day, source, campaign, page
    (2, 15, WEB, SPRING, "lamps.example/prices"),
    (2, 18, MAIL, AUTUMN, "lamps.example/autumn"),
    (2, 40, NONE, "utm:later", "lamps.example/later"),  # after sales took over
]
COSTS = [  # campaign, source, day, amount, known
    (STAND, FAIR, 20, 300.0, True), (SPRING, WEB, 15, 100.0, True), (SPRING, WEB, 5, 999.0, True),
    (AUTUMN, NONE, 20, None, True), (AUTUMN, NONE, 30, 50.0, False),
]  # fmt: skip


def log(steps):
    schema = {"card": pl.Int64, "attempt": pl.Int32, "stage": pl.Int16, "day": pl.Int32, "amount": pl.Float64}
    frame = pl.DataFrame(steps, schema=schema, orient="row")
    return event_log(STAGES, frame.with_columns(seq=pl.int_range(pl.len()).over("card"), exact=pl.lit(value=True)))


def stand_by_its_days(source, day):
    return STAND if source == FAIR and 18 <= day <= 21 else ""


def told(steps=STEPS, leads=LEADS, touches=TOUCHES, costs=COSTS, **facts):
    origins = Origins(
        leads=pl.DataFrame(leads, schema=LEAD_COLUMNS, orient="row"),
        touches=pl.DataFrame(touches, schema=TOUCH_COLUMNS, orient="row"),
        costs=pl.DataFrame(costs, schema=COST_COLUMNS, orient="row"),
        names=NAMES,
        campaign_of=stand_by_its_days,
        **facts,
    )
    return replace(river(log(steps)), origins=lambda: origins)


def asked(of=None, selection=SELECTION):
    return brings.report(of or told(), selection)


def counted(groups):
    return {
        group.name: (group.leads, group.handed, group.orders, group.revenue, group.open, group.lost, group.cost)
        for group in groups
    }


def test_by_hand():
    """Five came: one bought twice, one is with sales, one was let go, one is new, one was lost and bought at last."""
    found = asked()
    total = found.total
    assert (total.leads, total.handed, total.won, total.orders, total.revenue) == (5, 3, 2, 3, 1500.0)
    assert (total.open, total.lost, total.cost) == (2, 1, 400.0)
    assert (total.cost_per_lead, round(total.cost_per_order, 2)) == (80.0, 133.33)
    assert found.handed_low < found.handed_share == 0.6 < found.handed_high
    assert (found.by_sales.leads, found.by_sales.orders, found.by_sales.revenue) == (1, 1, 2000.0)


def test_by_first_touch():
    first = asked().first
    assert counted(first.source) == {
        "Fair": (2, 2, 3, 1500.0, 0, 0, 300.0),
        "Web": (2, 1, 0, 0.0, 1, 1, 100.0),
        "": (1, 0, 0, 0.0, 1, 0, 0.0),
    }
    assert counted(first.campaign) == {
        "Stand": (1, 1, 2, 1000.0, 0, 0, 300.0),
        "Spring": (1, 1, 0, 0.0, 1, 0, 100.0),
        "": (3, 1, 1, 500.0, 1, 1, 0.0),
    }
    assert counted(first.page) == {
        "lamps.example/prices": (1, 1, 0, 0.0, 1, 0, None),
        "": (4, 2, 3, 1500.0, 1, 1, None),
    }
    fair, web, _nobody = first.source
    assert (fair.cost_per_lead, fair.cost_per_order) == (150.0, 100.0)
    assert (web.cost_per_lead, web.cost_per_order) == (50.0, None)


def test_by_last_touch_before_sales_took_over():
    last = asked().last
    assert counted(last.source) == {
        "Fair": (2, 2, 3, 1500.0, 0, 0, 300.0),
        "Mail": (1, 1, 0, 0.0, 1, 0, 0.0),
        "Web": (1, 0, 0, 0.0, 0, 1, 100.0),
        "": (1, 0, 0, 0.0, 1, 0, 0.0),
    }
    assert counted(last.campaign)["Autumn"] == (1, 1, 0, 0.0, 1, 0, 0.0)
    nobody_but_it_cost_something = (0, 0, 0, 0.0, 0, 0, 100.0)
    assert counted(last.campaign)["Spring"] == nobody_but_it_cost_something
    assert set(counted(last.page)) == {"lamps.example/autumn", ""}


def test_a_touch_that_names_no_source_is_of_the_source_of_its_lead():
    first = asked(told(touches=[(4, 90, NONE, SPRING, ""), (3, 30, NONE, SPRING, "")])).first
    assert counted(first.campaign)["Spring"][0] == 2
    assert counted(first.source)["Web"][0] == 2 and counted(first.source)[""][0] == 1


def test_who_was_added_before_anything_was_noted_came_by_their_own_source():
    """A guest of the fair who follows a link ten days later came first by the fair, and last by the link."""
    found = asked(told(touches=[(1, 29, WEB, SPRING, "lamps.example/prices")]))
    assert counted(found.first.campaign)["Stand"][2] == counted(found.last.campaign)["Spring"][2] == 2
    assert counted(found.first.source)["Fair"][3] == 1500.0 and counted(found.last.source)["Web"][3] == 1000.0


def test_on_an_earlier_day_who_bought_later_was_open():
    early = asked(selection=replace(SELECTION, as_of=days.day(45), window_days=35)).total
    assert (early.leads, early.orders, early.open, early.lost) == (4, 0, 3, 1)


def test_second_tries_count_by_where_they_came_from_first():
    again = asked(told(steps=[step for step in STEPS if step[1] > 1]), replace(SELECTION, tries="again"))
    assert counted(again.first.source) == {"Fair": (1, 1, 1, 500.0, 0, 0, None)}


@pytest.mark.parametrize("cut", [{"team": 1}, {"owner": 1}, {"product": 1}, {"tries": "first"}])
def test_costs_are_not_set_against_a_part_of_those_who_came(cut):
    found = asked(selection=replace(SELECTION, **cut))
    assert found.total.cost is None and {group.cost for group in found.first.source} == {None}
    assert {"code": "costs_of_a_part"} in found.warnings


def test_costs_of_a_source_are_those_of_its_campaigns():
    found = asked(selection=replace(SELECTION, source=int(WEB)))
    assert found.total.cost == 100.0


def test_costs_are_the_whole_companys_and_not_those_of_a_second_pipeline():
    assert asked(told(are_whole=False)).total.cost is None


def test_what_is_not_counted_is_said():
    assert asked().warnings == (
        {"code": "costs_not_known_yet", "n": 1},
        {"code": "without_rate", "n": 1},
        {"code": "unpriced_orders", "n": 1},
    )


@pytest.mark.parametrize(
    ("question", "cards"),
    [
        ({"outcome": "leads"}, {118, 102, -3001, -4001, 115}),
        ({"outcome": "orders"}, {101, 118, 115}),
        ({"outcome": "won"}, {118, 115}),
        ({"outcome": "open"}, {102, -4001}),
        ({"way": "source", "key": FAIR, "outcome": "handed"}, {118, 115}),
        ({"way": "source", "key": NONE, "outcome": "leads"}, {-4001}),
        ({"way": "campaign", "key": AUTUMN, "touch": "last", "outcome": "leads"}, {102}),
        ({"way": "campaign", "key": AUTUMN, "touch": "first", "outcome": "leads"}, set()),
    ],
)
def test_the_cards_behind_a_number_are_as_many_as_it_says(question, cards):
    found = behind.stays(told(), SELECTION, Question(What.BROUGHT, **question))
    assert set(found["card"]) == cards and found.height == len(cards)


def test_who_bought_twice_stands_with_both_orders_and_one_lead():
    found = behind.stays(told(), SELECTION, Question(What.BROUGHT, way="campaign", key=STAND, outcome="leads"))
    assert found["card"].to_list() == [118]
    found = behind.stays(told(), SELECTION, Question(What.BROUGHT, way="campaign", key=STAND, outcome="orders"))
    assert found["card"].to_list() == [101, 118]


def test_whatever_happened_the_parts_add_up():
    """Random histories: groups sum up to the total by every way and touch, and so do states and listed cards."""
    rng = np.random.default_rng(7)
    for _ in range(40):
        of = _at_random(rng)
        found = asked(of)
        total = found.total
        assert total.leads == total.won + total.open + total.lost
        for touch in brings.TOUCHES:
            for way in brings.WAYS:
                groups = getattr(getattr(found, touch), way)
                for part in ("leads", "handed", "won", "orders", "open", "lost"):
                    assert sum(getattr(group, part) for group in groups) == getattr(total, part)
                assert sum(group.revenue for group in groups) == pytest.approx(total.revenue)
                if way != "page":
                    assert sum(group.cost for group in groups) == pytest.approx(total.cost)
                group = groups[rng.integers(len(groups))]
                outcome = str(rng.choice(brings.OUTCOMES))
                asked_for = Question(What.BROUGHT, way=way, key=group.key, touch=touch, outcome=outcome)
                assert behind.stays(of, SELECTION, asked_for).height == getattr(group, outcome)


def _at_random(rng):
    steps, leads, touches = [], [], []
    for lead in range(1, 40):
        day, has_deal = int(rng.integers(0, 95)), bool(rng.random() < 0.5)
        card = 1000 + lead if has_deal else -(lead * 1000 + 1)
        way = [READY, INQUIRY, int(rng.choice([INQUIRY, WON, LOST]))] if has_deal else [int(rng.choice([READY, LOST]))]
        begins = [INQUIRY] if has_deal and rng.random() < 0.2 else [GENERATION]
        for place, stage in enumerate([*begins, *way]):
            amount = float(rng.integers(1, 9)) * 100 if rng.random() < 0.8 else None
            steps.append((card, 1, stage, min(100, day + 4 * place), amount))
        leads.append((card, lead, str(rng.choice([FAIR, WEB, NONE]))))
        for at in np.sort(rng.integers(day - 3, 100, size=rng.integers(0, 4))):
            campaign, page = (str(rng.choice(some)) for some in ([NONE, SPRING, AUTUMN], [NONE, "a/b", "a/c"]))
            touches.append((lead, int(at), str(rng.choice([NONE, WEB, MAIL])), campaign, page))
    return told(steps, leads, sorted(touches, key=lambda touch: touch[1]))


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("https://Lamps.example/prices/?utm_campaign=x#top", "lamps.example/prices"),
        ("https://me:secret@lamps.example:8443/", "lamps.example"),
        ("/prices/", "/prices/"),
        ("  ", ""),
        ("http://[broken", ""),
        ("lamps.example/a", "lamps.example/a"),
    ],
)
def test_a_page_is_host_and_path(address, page):
    assert landing(address) == page


class TestFinding:
    def test_nobody_came(self):
        assert (
            brings.finding(asked(told([], [], [], [])).as_facts())["head"] == "Nobody came by marketing in this window"
        )

    def test_too_few(self):
        found = brings.finding(asked().as_facts())
        assert found["head"] == "Too few came to say what brings most"
        assert found["certainty"] == "Not enough yet: needs 10 that came, has 5."
        assert "Of the 5 that came in the window, 3 were handed over and brought 3 orders" in found["sentence"]

    @pytest.mark.parametrize(
        ("fairs", "webs", "head"),
        [
            (12, 2, "Fair brought most orders: 12 of 14"),
            (8, 6, "No source clearly brings most orders"),
            (0, 0, "No orders yet of those who came"),
        ],
    )
    def test_what_brings_most_is_said_only_if_it_is_clear(self, fairs, webs, head):
        rows = [(lead, lead <= 20, lead <= fairs or 20 < lead <= 20 + webs) for lead in range(1, 41)]
        steps = [(lead, 1, GENERATION, 20, None) for lead, *_rest in rows]
        steps += [(lead, 1, INQUIRY, 30, None) for lead, *_rest in rows]
        steps += [(lead, 1, WON, 40, 100.0) for lead, _fair, is_won in rows if is_won]
        leads = [(lead, lead, FAIR if is_fair else WEB) for lead, is_fair, _won in rows]
        found = brings.finding(asked(told(steps, leads, [], [])).as_facts())
        assert found["head"] == head
        share = 100 * (40 - fairs - webs) // 40
        assert found["certainty"] == f"{share}\u2009% are not decided yet and may bring more."
