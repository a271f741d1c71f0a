"""Targets: set, replaced, withdrawn; every word kept; who may say them, and where they are seen."""

import json
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from analytics import sources, targeting
from analytics.fiscal import containing
from analytics.models import Target
from analytics.selection import Selection
from deals.domain import closing
from deals.models import Pipeline
from pipeline_crm.accounts.domain import company
from pipeline_crm.accounts.models import Role
from tests.factories import ago, make_deal, make_pipeline, make_team, make_user

pytestmark = pytest.mark.django_db
YEAR = {"starts_on": date(2026, 1, 1), "ends_on": date(2026, 12, 31)}


@pytest.fixture
def pipeline():
    return Pipeline.objects.filter(is_default=True).first() or make_pipeline(is_default=True)


def aim(pipeline, amount, *, at=None, **facts):
    return targeting.set_target(
        pipeline, **{**YEAR, **facts}, amount=Decimal(amount), by=facts.pop("by", None), at=at or timezone.now()
    )


def standing(pipeline, at=None):
    return [
        (target.team, target.owner, target.base_amount) for target in targeting.standing(pipeline, at=at or ago(-1))
    ]


def test_the_newest_word_counts_and_the_others_are_its_history(pipeline):
    aim(pipeline, 100, at=ago(9))
    aim(pipeline, 150, at=ago(5), reason="A second team")
    targeting.withdraw(Target.objects.first(), by=None, at=ago(2))
    assert standing(pipeline, ago(7)) == [(None, None, 100)]
    assert standing(pipeline, ago(3)) == [(None, None, 150)]
    assert standing(pipeline) == []
    told = [(target.base_amount, before, target.reason) for target, before in targeting.history(pipeline)]
    assert told == [(None, 150, ""), (150, 100, "A second team"), (100, None, "")]


def test_the_same_again_is_no_new_word(pipeline):
    first = aim(pipeline, 100)
    assert aim(pipeline, 100) == first
    gone = targeting.withdraw(first, by=None, at=timezone.now())
    assert targeting.withdraw(first, by=None, at=timezone.now()) == gone
    assert Target.objects.count() == 2


def test_pipeline_teams_and_people_have_their_own(pipeline):
    north = make_team("North")
    ana = make_user(name="Ana", team=north)
    aim(pipeline, 300), aim(pipeline, 200, team=north), aim(pipeline, 100, owner=ana)
    aim(make_pipeline(), 999)
    assert standing(pipeline) == [(None, None, 300), (north, None, 200), (None, ana, 100)]


def test_more_than_a_year_or_two_at_once_is_refused(pipeline):
    north = make_team()
    with pytest.raises(targeting.TooLong):
        aim(pipeline, 1, ends_on=date(2027, 1, 2))
    with pytest.raises(targeting.OfTeamOrPerson):
        aim(pipeline, 1, team=north, owner=make_user(team=north))


@pytest.mark.parametrize("change", ["UPDATE analytics_target SET base_amount = 1", "DELETE FROM analytics_target"])
def test_no_word_is_changed_or_deleted(pipeline, change):
    aim(pipeline, 100)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"base_amount": 0}, "target_amount_is_above_zero"),
        ({"base_amount": -1}, "target_amount_is_above_zero"),
        ({"ends_on": date(2025, 1, 1)}, "target_starts_before_it_ends"),
        ({"team": True, "owner": True}, "target_is_of_a_team_or_of_a_person"),
    ],
)
def test_the_database_refuses_what_makes_no_target(pipeline, wrong, name):
    made = {"team": make_team, "owner": make_user}
    facts = {field: made[field]() if field in made else value for field, value in wrong.items()}
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Target.objects.create(pipeline=pipeline, recorded_at=timezone.now(), **{**YEAR, "base_amount": 1, **facts})


def test_the_base_currency_stays_where_there_are_targets(pipeline):
    aim(pipeline, 100)
    with pytest.raises(company.AmountsRestOnIt):
        company.revise(base_currency="USD", by=None, at=timezone.now())


def test_reports_know_the_targets_of_exactly_their_cards_and_day(pipeline):
    north, south = make_team("North"), make_team("South")
    aim(pipeline, 300, at=ago(5)), aim(pipeline, 200, team=north, at=ago(5)), aim(pipeline, 400, at=timezone.now())
    today = sources.today(pipeline, timezone.now())

    def goals(as_of=today, **cut):
        return [goal.amount for goal in sources.river(Selection(pipeline.pk, as_of, **cut)).goals]

    assert goals() == [400] and goals(today - timedelta(days=2)) == [300] and goals(today - timedelta(days=9)) == []
    assert goals(team=north.pk) == [200] and goals(team=south.pk) == []
    assert goals(tries="again") == goals(team=north.pk, tries="first") == []


def test_a_new_word_makes_stored_figures_old(pipeline):
    before = sources.settings_digest()
    aim(pipeline, 100)
    changed = sources.settings_digest()
    aim(pipeline, 200)
    assert len({before, changed, sources.settings_digest()}) == 3


def test_the_command_tells_how_the_target_stands(pipeline, capsys):
    for number in range(12):
        closing.win(make_deal(pipeline=pipeline, at=ago(40 - number)), by=None, at=ago(20 - number))
    today = sources.today(pipeline, timezone.now())
    period = containing(today, 3, first_month=1)
    aim(pipeline, 10**9, starts_on=period.start, ends_on=period.end)
    call_command("report", "forecast")
    (target,) = json.loads(capsys.readouterr().out)["targets"]
    assert (target["start"], target["amount"]) == (period.start.isoformat(), 1e9)
    assert target["chance"] == pytest.approx(0.005) and target["gap"] == 1e9 - target["won"]


@pytest.fixture
def people():
    north, south = make_team("North"), make_team("South")
    return {
        "ben": make_user(name="Ben", team=north, role=Role.MANAGER),
        "ana": make_user(name="Ana", team=north),
        "cleo": make_user(name="Cleo", team=south),
        "dora": make_user(name="Dora", team=south, role=Role.ADMIN),
    }


def typed(pipeline, **facts):
    period = containing(sources.today(pipeline, timezone.now()), 3, first_month=1)
    return {"pipeline": pipeline.pk, "period": period.key, "amount": "1200.50", "reason": "Why not"} | facts


def test_a_manager_sets_and_withdraws_a_target_on_the_page(client, pipeline, people):
    client.force_login(people["ben"])
    assert client.post("/settings/targets/", typed(pipeline, owner=people["ana"].pk)).status_code == 302
    target = Target.objects.get()
    assert (target.base_amount, target.owner, target.by) == (Decimal("1200.50"), people["ana"], people["ben"])
    page = client.get("/settings/targets/").content.decode()
    assert "Ana" in page and "Why not" in page and "style=" not in page
    assert client.post(f"/settings/targets/{target.pk}/withdrawal/").status_code == 302
    assert "No targets yet." in client.get("/settings/targets/").content.decode()


@pytest.mark.parametrize(
    "facts",
    [{"amount": "0"}, {"amount": "NaN"}, {"period": "yesterday"}, {"period": ""}, {"owner": "cleo"}, {"team": 0}],
)
def test_what_makes_no_target_is_refused_on_the_page(client, pipeline, people, facts):
    client.force_login(people["ben"])
    facts = {name: people[value].pk if value in people else value for name, value in facts.items()}
    assert client.post("/settings/targets/", typed(pipeline, **facts)).status_code == 422
    assert not Target.objects.exists()


def test_targets_are_set_by_those_who_lead(client, pipeline, people):
    of_south = aim(pipeline, 5, owner=people["cleo"])
    for name, page, act in (("ana", 403, 403), ("cleo", 403, 403), ("ben", 200, 403), ("dora", 200, 302)):
        client.force_login(people[name])
        assert client.get("/settings/targets/").status_code == page
        assert client.post(f"/settings/targets/{of_south.pk}/withdrawal/").status_code == act
