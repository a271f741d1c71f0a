"""The rules of the score as marketing sets them, and a score as its lead tells it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from leads.domain import scoring, touching
from leads.models import ChanceNorm, LeadChance, ScoreDay, ScoreRule, TouchKind
from pipeline_crm.accounts.models import Role
from tests.factories import ago, day_ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db
CALL = {"touch_kind": "call", "words": "", "points": "10", "half_life_days": "30", "most": ""}


@pytest.fixture
def team():
    return make_team()


@pytest.fixture
def mina(client, team):
    mina = make_user(name="Mina", team=team, role=Role.MARKETER)
    client.force_login(mina)
    return mina


def page_of(client, lead) -> str:
    return " ".join(client.get(f"/leads/{lead.pk}/").content.decode().split())


def test_a_marketer_begins_with_the_usual_points_and_changes_them(client, mina):
    assert b"Begin with the usual points" in client.get("/marketing/score/").content
    client.post("/marketing/score/usual/")
    rule = ScoreRule.objects.get(touch_kind="call")
    page = client.get("/marketing/score/").content.decode()
    assert "half of it fades in 30 days" in page and "Begin with the usual points" not in page
    answer = client.post(f"/marketing/score/rules/{rule.pk}/", CALL | {"points": "12", "most": "40"})
    rule.refresh_from_db()
    assert (answer.status_code, rule.points, rule.most) == (302, 12, 40)
    client.post(f"/marketing/score/rules/{rule.pk}/removal/")
    assert not ScoreRule.objects.filter(pk=rule.pk).exists()


def test_points_for_who_they_are_take_only_what_belongs_to_them(client, mina):
    sent = {"about": "size", "words": "left over", "at_least": "50", "at_most": "", "points": "-5"}
    assert client.post("/marketing/score/fits/", sent).status_code == 302
    rule = ScoreRule.objects.get()
    assert (rule.words, rule.at_least, rule.points) == ("", 50, -5)
    client.post(f"/marketing/score/rules/{rule.pk}/", sent | {"about": "sector", "words": "Education,  Public"})
    rule.refresh_from_db()
    assert (rule.about, rule.words, rule.at_least) == ("sector", "Education, Public", None)


@pytest.mark.parametrize(
    "where, sent, words",
    [
        ("fits", {"about": "sector", "words": "", "points": "5"}, "Say for which."),
        ("fits", {"about": "size", "points": "5"}, "Say from or to how many employees."),
        ("fits", {"about": "sector", "words": "Education", "points": "500"}, "less than or equal to 100"),
        ("touches", CALL | {"points": "0"}, "Give or take between 1 and 100 points."),
        ("touches", CALL | {"half_life_days": ""}, "required"),
    ],
)
def test_what_is_wrong_with_a_rule_is_said_at_its_field(client, mina, where, sent, words):
    answer = client.post(f"/marketing/score/{where}/", sent)
    assert answer.status_code == 422 and words in answer.content.decode() and not ScoreRule.objects.exists()


def test_sales_reads_the_rules_and_changes_none(client, team):
    client.force_login(make_user(team=team))
    rule = scoring.keep_rule(about="source", words="Fair", points=5, by=None, at=ago(0))
    page = client.get("/marketing/score/").content.decode()
    assert "Fair" in page and "Remove" not in page
    assert client.post("/marketing/score/touches/", CALL).status_code == 403
    assert client.post(f"/marketing/score/rules/{rule.pk}/removal/").status_code == 403


def test_the_panel_names_each_point_and_the_card_the_trend(client, mina):
    lead = make_lead(source="Fair", owner=mina, by=mina)
    scoring.keep_rule(about="source", words="Fair", points=12, by=None, at=ago(0))
    scoring.keep_rule(about="touch", touch_kind="form", points=20, half_life_days=30, by=None, at=ago(0))
    touching.touch(lead, kind=TouchKind.FORM, at=timezone.now() - timedelta(days=3), what="Price list")
    scoring.rescore([lead.pk], at=timezone.now())
    panel = page_of(client, lead)
    assert '<b class="num">+12</b><span>Fair</span>' in panel
    assert '<b class="num">+19</b><span>Form sent: Price list <time' in panel and "3 days ago" in panel
    assert "12 for who they are, 19 for what they did" in panel and "+19</span><span> in 7 days" in panel
    board = client.get("/marketing/").content.decode()
    assert '<b class="num">31</b>' in board and '<span class="num">+19</span><span class="sr"> in 7 days' in board


def test_points_that_are_not_named_one_by_one_are_summed_up(client, mina):
    lead = make_lead(owner=mina, by=mina)
    scoring.keep_rule(about="touch", touch_kind="click", points=3, half_life_days=30, by=None, at=ago(0))
    for _nth in range(9):
        touching.touch(lead, kind=TouchKind.CLICK, at=timezone.now())
    page = page_of(client, lead)
    assert page.count('<b class="num">+3</b>') == 6
    assert '<b class="num">+9</b><span class="muted">what is left of earlier touches' in page


def test_how_the_score_went_is_drawn_once_it_has_moved(client, mina):
    lead = make_lead(owner=mina, by=mina, source="Fair")
    scoring.keep_rule(about="source", words="Fair", points=50, by=None, at=ago(0))
    today = day_ago()
    ScoreDay.objects.create(lead=lead, on=today - timedelta(days=10), score=0, fit=0, engagement=0)
    assert 'class="way"' not in page_of(client, lead)
    ScoreDay.objects.create(lead=lead, on=today - timedelta(days=5), score=50, fit=50, engagement=0)
    assert 'points="0.0,26.0 60.0,26.0 60.0,14.0 120.0,14.0 120.0,14.0"' in page_of(client, lead)


@pytest.mark.parametrize(
    "norm, words",
    [
        ({"is_enough": False, "n": 212, "events": 40}, "212 of the 500 leads with a known outcome that it takes"),
        ({"is_enough": False, "n": 900, "events": 40}, "of 900 leads with a known outcome 40 became deals"),
        ({"is_enough": False, "n": 900, "events": 40, "skill": -0.1}, "did not tell, on 900 of them"),
        ({"is_enough": True, "n": 900, "events": 40, "skill": 0.2}, "within 90 days"),
    ],
)
def test_the_learned_chance_stands_beside_it_or_says_why_it_does_not(client, mina, norm, words):
    lead = make_lead(owner=mina, by=mina)
    scoring.begin_as_usual(by=None, at=ago(0))
    assert 'class="chance' not in page_of(client, lead)
    ChanceNorm.objects.create(needed=500, horizon_days=90, as_of=ago(0), **norm)
    LeadChance.objects.create(lead=lead, chance=0.34, low=0.26, high=0.43)
    told = page_of(client, lead).split('class="chance')[1].split("</section>")[0]
    assert words in told and ("34" in told) is norm["is_enough"]
    assert client.get("/marketing/score/").status_code == 200


def test_without_rules_a_lead_shows_no_score(client, mina):
    lead = make_lead(owner=mina, by=mina)
    assert 'data-part="score"' not in page_of(client, lead)
