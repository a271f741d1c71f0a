"""Points for who they are and for what they did: each can be named, touches fade, and what was is kept."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from leads.domain import describing, noting, qualifying, revising, scoring, touching
from leads.models import Lead, ScoreDay, ScoreRule, Source, TouchKind
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_lead, make_user

pytestmark = pytest.mark.django_db


def rule(**facts) -> ScoreRule:
    return scoring.keep_rule(by=None, at=ago(0), **facts)


def for_touches(kind: str, points: int, half_life_days: int = 30, **facts) -> ScoreRule:
    return rule(about="touch", touch_kind=kind, points=points, half_life_days=half_life_days, **facts)


def score_of(lead: Lead, at=None) -> int:
    scoring.rescore([lead.pk], at=at or timezone.now())
    lead.refresh_from_db()
    return lead.score


def test_fit_is_the_sum_of_the_rules_that_hold():
    lead = make_lead(name="Kim", email="kim@juniper.example", role="Head of Facilities", source="Fair")
    describing.describe(lead.organisation, sector="Education", employees=250, country="Austria", by=None, at=ago(1))
    lead.person.organisation = lead.organisation
    rule(about="sector", words="education, Public", points=10)
    rule(about="country", words="Austria", points=5)
    rule(about="size", at_least=100, at_most=250, points=7)
    rule(about="size", at_least=251, points=50)
    rule(about="role", words="head, chief", points=8)
    rule(about="source", words="Fair", points=3)
    rule(about="source", words="Web", points=40)
    rule(about="country", words="Aus", points=40)
    score = scoring.of_lead(lead, at=ago(0))
    assert (score.fit_points, score.total) == (33, 33)
    assert {point.words for point in score.fit} == {
        "Education", "Austria", "250 employees", "Head of Facilities", "Fair",
    }  # fmt: skip


def test_a_lead_without_a_house_of_its_own_is_judged_by_where_its_person_works():
    lead = make_lead(name="Kim", email="kim@juniper.example", organisation="Juniper")
    describing.describe(lead.organisation, sector="Education", by=None, at=ago(1))
    alone = make_lead(name="Kim", email="kim@juniper.example", organisation=None)
    rule(about="sector", words="Education", points=10)
    assert (alone.organisation, score_of(alone)) == (None, 10)


def test_a_touch_fades_by_half_with_each_half_life_and_says_what_it_was():
    lead, at = make_lead(), timezone.now()
    for_touches("form", 20, half_life_days=10)
    touching.touch(lead, kind=TouchKind.FORM, at=at - timedelta(days=10), what="Price list")
    [point] = scoring.of_lead(lead, at=at).engagement
    assert (round(point.points, 6), point.words) == (10.0, "Form sent: Price list")
    assert scoring.of_lead(lead, at=at + timedelta(days=10)).total == 5
    assert scoring.of_lead(lead, at=at - timedelta(days=11)).total == 0


def test_many_touches_of_a_rule_give_no_more_than_it_allows():
    lead, at = make_lead(), timezone.now()
    for_touches("click", 5, most=12)
    for_touches("click", 4, words="price")
    for n in range(9):
        touching.touch(lead, kind=TouchKind.CLICK, at=at, what="Prices" if n == 0 else "")
    score = scoring.of_lead(lead, at=at)
    assert sorted(round(point.points) for point in score.engagement) == [2, 4, 5, 5] and score.total == 16


def test_a_score_stays_between_nothing_and_a_hundred():
    lead = make_lead(source="Fair")
    first = rule(about="source", words="Fair", points=-30)
    assert score_of(lead) == 0
    scoring.keep_rule(first, by=None, at=ago(0), points=90)
    rule(about="source", words="fair", points=60)
    assert score_of(lead) == 100


def test_the_trend_is_what_came_and_faded_within_seven_days():
    lead, at = make_lead(source="Fair"), timezone.now()
    rule(about="source", words="Fair", points=10)
    for_touches("call", 16, half_life_days=7)
    touching.touch(lead, kind=TouchKind.CALL, at=at - timedelta(days=7))
    assert (score_of(lead, at), lead.score_week_ago, lead.score_trend) == (18, 26, -8)
    touching.touch(lead, kind=TouchKind.CALL, at=at)
    assert (score_of(lead, at), lead.score_trend) == (34, 8)


def test_what_the_score_was_is_kept_by_the_day_and_only_where_it_changed():
    lead = make_lead(source="Fair", at=ago(3))
    rule(about="source", words="Fair", points=10)
    at = timezone.now().replace(hour=11)
    for days in (3, 2, 1):
        scoring.rescore([lead.pk], at=at - timedelta(days=days))
    for_touches("call", 20)
    for minutes in (2, 1):
        touching.touch(lead, kind=TouchKind.CALL, at=at - timedelta(minutes=minutes))
        scoring.rescore([lead.pk], at=at)
    kept = ScoreDay.objects.filter(lead=lead).values_list("on", "score", "fit", "engagement")
    assert list(kept) == [
        ((at - timedelta(days=3)).date(), 10, 10, 0),
        (at.date(), 50, 10, 40),
    ]


def test_a_call_is_told_by_the_score_at_once_and_a_form_by_a_job():
    lead = make_lead()
    for_touches("call", 10)
    for_touches("form", 15)
    noting.note(lead, text="They want it", kind="call", by=None, at=timezone.now())
    lead.refresh_from_db()
    assert lead.score == 10
    touch = touching.touch(lead, kind=TouchKind.FORM, at=timezone.now())
    job = Job.objects.get(kind="leads.score", idem_key=f"touch {touch.pk}")
    assert running.run(job.pk, clock=timezone.now) == "done"
    lead.refresh_from_db()
    assert lead.score == 25


def test_the_version_of_the_card_stays_since_nobody_has_changed_it():
    lead = make_lead(source="Fair")
    rule(about="source", words="Fair", points=10)
    before = lead.version
    assert score_of(lead) == 10 and lead.version == before


def test_facts_that_change_are_told_by_the_score_at_once():
    lead = make_lead(organisation="Juniper")
    rule(about="sector", words="Education", points=10)
    rule(about="source", words="Fair", points=5)
    describing.describe(lead.organisation, sector="Education", by=None, at=timezone.now())
    revising.revise(lead, source=Source.objects.create(name="Fair"), by=None, at=timezone.now())
    lead.refresh_from_db()
    assert lead.score == 15


def test_a_new_lead_has_its_score_from_the_beginning():
    rule(about="source", words="Fair", points=10)
    assert Lead.objects.get(pk=make_lead(source="Fair").pk).score == 10


def test_touches_of_the_person_count_wherever_they_happened_and_of_what_was_merged():
    lead = make_lead(name="Kim", email="kim@juniper.example")
    again = make_lead(name="Kim", email="kim@juniper.example", organisation="Elsewhere")
    gone = make_lead(organisation="Third")
    for_touches("call", 10)
    touching.touch(again, kind=TouchKind.CALL, at=timezone.now())
    touching.touch(gone, kind=TouchKind.CALL, at=timezone.now())
    Lead.objects.filter(pk=gone.pk).update(merged_into=lead)
    assert (score_of(lead), score_of(again)) == (20, 10)


def test_all_are_counted_anew_when_a_rule_changes_and_those_that_ended_keep_their_score():
    lead, ended = make_lead(source="Fair"), make_lead(source="Fair")
    qualifying.disqualify(ended, reason="No need", by=None, at=ago(1))
    rule(about="source", words="Fair", points=10)
    job = Job.objects.get(kind="leads.score_all")
    assert running.run(job.pk, clock=timezone.now) == "done"
    assert [Lead.objects.get(pk=one.pk).score for one in (lead, ended)] == [10, 0]
    assert Job.objects.get(pk=job.pk).result == {"seen": 1, "changed": 1}
    scoring.drop_rule(ScoreRule.objects.get(), by=None, at=ago(0))
    assert Job.objects.filter(kind="leads.score_all").count() == 2


def test_the_queries_do_not_grow_with_the_leads(django_assert_num_queries):
    for_touches("call", 10)
    ids = []
    for n in range(5):
        lead = make_lead(name=f"Kim {n}", email=f"kim{n}@juniper.example")
        touching.touch(lead, kind=TouchKind.CALL, at=timezone.now())
        ids.append(lead.pk)
    for some in (ids[:1], ids[1:]):
        with django_assert_num_queries(12):
            scoring.rescore(some, at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_lead_that_somebody_is_changing_is_not_waited_for_but_comes_later():
    from django.db import connections

    lead, other = make_lead(source="Fair"), make_lead(source="Fair")
    rule(about="source", words="Fair", points=10)
    busy = connections.create_connection("default")
    try:
        busy.set_autocommit(False)
        with busy.cursor() as cursor:
            cursor.execute("SELECT 1 FROM leads_lead WHERE id = %s FOR UPDATE", [lead.pk])
        assert scoring.rescore([lead.pk, other.pk], at=timezone.now()) == 1
    finally:
        busy.rollback()
        busy.close()
    [job] = Job.objects.filter(kind="leads.score")
    assert job.args == {"leads": [lead.pk]} and job.due_at > timezone.now()


@pytest.mark.parametrize(
    "facts, field",
    [
        ({"about": "sector", "words": " , ", "points": 5}, "words"),
        ({"about": "sector", "words": "Education", "points": 0}, "points"),
        ({"about": "sector", "words": "Education", "points": 101}, "points"),
        ({"about": "size", "points": 5}, "at_least"),
        ({"about": "size", "at_least": 9, "at_most": 8, "points": 5}, "at_most"),
        ({"about": "touch", "points": 5, "half_life_days": 3}, "touch_kind"),
        ({"about": "touch", "touch_kind": "call", "points": 5}, "half_life_days"),
    ],
)
def test_a_rule_that_says_too_little_is_refused(facts, field):
    with pytest.raises(scoring.RuleIsUnclear) as refusal:
        rule(**facts)
    assert refusal.value.facts["fields"] == [field] and not ScoreRule.objects.exists()


def test_a_change_of_a_rule_is_written_down_with_who_made_it():
    from pipeline_crm.accounts.models import Change

    ada, kept = make_user(name="Ada"), rule(about="source", words="Fair", points=5)
    scoring.keep_rule(kept, points=8, by=ada, at=ago(0))
    change = Change.objects.get(subject=f"scorerule {kept.pk}")
    assert (change.field, change.before, change.after, change.by) == ("points", 5, 8, ada)


def test_one_begins_with_the_usual_points_once():
    for _twice in range(2):
        scoring.begin_as_usual(by=None, at=ago(0))
    assert ScoreRule.objects.count() == len(scoring.USUAL)


@pytest.mark.parametrize(
    "name, facts",
    [
        ("score_rule_gives_or_takes_points", {"about": "source", "words": "Fair", "points": 0}),
        ("score_rule_fades_if_and_only_if_it_is_for_touches", {"about": "touch", "half_life_days": 3, "points": 1}),
        ("score_rule_for_size_has_a_bound", {"about": "size", "points": 1}),
        ("score_rule_for_words_has_some", {"about": "source", "points": 1}),
    ],
)
def test_the_database_refuses_rules_that_make_no_sense(name, facts):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        ScoreRule.objects.create(**facts)


def test_the_database_keeps_one_score_a_day():
    lead = make_lead()
    ScoreDay.objects.create(lead=lead, on=ago(0).date(), score=1, fit=1, engagement=0)
    with (
        pytest.raises(IntegrityError, match="score_is_kept_once_a_day"),
        transaction.atomic(),
        connection.cursor() as c,
    ):
        c.execute(
            'INSERT INTO leads_scoreday (lead_id, "on", score, fit, engagement) SELECT lead_id, "on", 2, 2, 0 FROM '
            "leads_scoreday"
        )
