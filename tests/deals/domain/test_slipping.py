"""Moved away and back within a minute by the same person: the card never left."""

import uuid
from datetime import timedelta
from unittest import mock

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics import sources
from analytics.selection import Selection
from deals.domain import closing, moving, recycling, shaping, together, undoing
from deals.models import Deal, Pipeline
from leads.domain.recycling import local_date
from leads.models import Lead, LeadStage
from pipeline_crm.accounts.models import User
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.stage_log import discrepancies, history, took_back
from tests.factories import ago, make_deal, make_pipeline, make_reason, make_user, stage_of

pytestmark = pytest.mark.django_db
MINUTE = timedelta(seconds=60)


@pytest.fixture
def ana():
    return make_user(name="Ana")


class Clock:
    """The time it is, set by hand."""

    def __init__(self, days_ago=0):
        self.time = ago(days_ago)

    def wait(self, seconds):
        self.time += timedelta(seconds=seconds)

    def __enter__(self):
        self.patch = mock.patch("django.utils.timezone.now", lambda: self.time)
        self.patch.start()
        return self

    def __exit__(self, *_problem):
        self.patch.stop()


def go(deal, name, by, **how):
    moving.move(deal, to=stage_of(deal.pipeline, name), by=by, at=timezone.now(), **how)


def names(deal):
    return [step.event.to_stage.name for step in history(deal)]


def clean():
    return [*discrepancies(Deal), *discrepancies(Lead)] == []


def test_a_slip_is_voided_and_the_deal_is_as_old_in_its_stage_as_before(ana):
    deal = make_deal(at=ago(9), by=ana)
    entered = deal.stage_entered_at
    with Clock() as clock:
        go(deal, "Hearing", ana)
        clock.wait(60)
        go(deal, "Inquiry", ana)
    deal.refresh_from_db()
    assert (names(deal), deal.stage_entered_at, took_back(deal)) == (["Inquiry"], entered, True)
    assert [(e.source, e.by) for e in deal.events.all()][1:] == [(Origin.USER, ana), (Origin.UNDO, ana)]
    assert {a.reason for a in deal.amendments.all()} == {"moved back at once"}
    assert clean()


@pytest.mark.parametrize("real", ["a minute later", "somebody else", "told with its day", "another stage", "a rule"])
def test_what_is_no_slip_is_a_real_step(ana, real):
    deal = make_deal(at=ago(9), by=ana)
    with Clock() as clock:
        first = ago(2) if real == "told with its day" else timezone.now()
        moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=ana, at=first)
        clock.wait(61 if real == "a minute later" else 5)
        by = make_user() if real == "somebody else" else ana
        via = Origin.RULE if real == "a rule" else Origin.USER
        go(deal, "Proposal" if real == "another stage" else "Inquiry", by, via=via)
    assert len(names(deal)) == 3
    assert deal.amendments.count() == 0
    assert not took_back(deal)


def test_the_day_of_the_step_back_may_be_told_too(ana):
    deal = make_deal(at=ago(9), by=ana)
    moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=ana, at=ago(3))
    moving.move(deal, to=stage_of(deal.pipeline, "Inquiry"), by=ana, at=ago(2))
    assert names(deal) == ["Inquiry", "Hearing", "Inquiry"]


def test_nobody_in_particular_does_not_slip():
    deal = make_deal(at=ago(9))
    go(deal, "Hearing", None)
    go(deal, "Inquiry", None)
    assert names(deal) == ["Inquiry", "Hearing", "Inquiry"]


def test_a_slip_sent_twice_is_one_slip(ana):
    deal, key = make_deal(at=ago(9), by=ana), uuid.uuid4()
    go(deal, "Hearing", ana)
    for _repeat in range(3):
        go(deal, "Inquiry", ana, move_id=key, seen_version=2)
    assert (deal.events.count(), deal.amendments.count(), deal.version) == (3, 2, 3)
    assert clean()


def test_the_way_back_needs_no_rule(ana):
    pipeline = make_pipeline()
    inquiry, hearing = stage_of(pipeline, "Inquiry"), stage_of(pipeline, "Hearing")
    shaping.set_rules(hearing, by=None, next_stages=[stage_of(pipeline, "Proposal")])
    deal = make_deal(pipeline=pipeline, at=ago(9), by=ana)
    shaping.set_rules(inquiry, by=None, required_fields=["competitor"])
    go(deal, "Hearing", ana)
    go(deal, "Inquiry", ana)
    assert names(deal) == ["Inquiry"]


def test_a_slip_lands_between_the_neighbours_it_is_put_between(ana):
    pipeline = make_pipeline()
    low, middle, top = (make_deal(pipeline=pipeline, by=ana) for _count in range(3))
    go(top, "Hearing", ana)
    go(top, "Inquiry", ana, after=middle.pk, before=low.pk)
    assert list(Deal.objects.in_stage(pipeline.first_stage)) == [middle, top, low]


def test_a_closing_taken_back_at_once_never_was(ana):
    deal = make_deal(at=ago(9), by=ana)
    for close in (
        lambda: closing.win(deal, by=ana, at=timezone.now()),
        lambda: closing.lose(deal, reason=make_reason(), by=ana, at=timezone.now()),
        lambda: recycling.recycle(
            deal, reason=make_reason(), contact_again_on=local_date(timezone.now()), by=ana, at=timezone.now()
        ),
    ):
        close()
        closing.reopen(deal, by=ana, at=timezone.now())
        fresh = Deal.objects.get(pk=deal.pk)
        assert (names(fresh), fresh.stage.is_open) == (["Inquiry"], True)
        assert (fresh.lead.stage, fresh.lead.attempt) == (LeadStage.ACCEPTED, 1)
    assert clean()


def test_a_won_deal_dragged_back_at_once_was_never_won(ana):
    deal = make_deal(at=ago(9), by=ana)
    go(deal, "Order", ana)
    with pytest.raises(moving.NotOpen):
        go(deal, "Hearing", ana)
    go(deal, "Inquiry", ana)
    assert names(deal) == ["Inquiry"]
    go(deal, "Order", ana)
    with pytest.raises(moving.NotOpen):
        go(deal, "Inquiry", make_user())


def test_what_was_moved_together_may_slip_but_many_go_back_for_real(ana):
    pipeline = make_pipeline()
    one, other = (make_deal(pipeline=pipeline, by=ana, at=ago(9)) for _count in range(2))
    known = {"among": Deal.objects.all(), "may": lambda _deal: True, "by": ana}
    asked = [(one.pk, None), (other.pk, None)]
    together.move(asked, to=stage_of(pipeline, "Hearing"), at=timezone.now(), **known)
    go(one, "Inquiry", ana)
    together.move([(other.pk, None)], to=stage_of(pipeline, "Inquiry"), at=timezone.now(), **known)
    assert (names(one), names(other)) == (["Inquiry"], ["Inquiry", "Hearing", "Inquiry"])


def test_undoing_after_a_slip_reaches_the_step_before_only_within_its_time(ana):
    deal = make_deal(at=ago(9), by=ana)
    go(deal, "Hearing", ana)
    go(deal, "Proposal", ana)
    go(deal, "Hearing", ana)
    assert names(deal) == ["Inquiry", "Hearing"]
    undoing.undo(deal, by=ana, at=timezone.now())
    assert names(deal) == ["Inquiry"]
    assert clean()


turns = st.lists(
    st.tuples(st.sampled_from([0, 0, 0, 1]), st.sampled_from([0, 1, 2]), st.sampled_from([1, 20, 59, 61, 600])),
    min_size=1,
    max_size=15,
)


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=turns)
def test_reports_see_the_history_without_its_slips(db, turns):
    pipeline = Pipeline.objects.filter(name="Slips").first() or make_pipeline("Slips", is_default=True)
    people = [User.objects.filter(name=name).first() or make_user(name=name) for name in ("Ana", "Ben")]
    stages = list(pipeline.stages.open())[:3]
    with Clock(days_ago=1) as clock:
        deal = make_deal(pipeline=pipeline, at=clock.time - timedelta(days=3))
        told = [(stages[0], None, deal.created_at)]
        for who, where, pause in turns:
            clock.wait(pause)
            by, to, key = people[who], stages[where], uuid.uuid4()
            for _sent_twice in range(2):
                moving.move(deal, to=to, by=by, at=clock.time, move_id=key)
            if to == told[-1][0]:
                continue
            if len(told) > 1 and told[-2][0] == to and told[-1][1] == by and clock.time - told[-1][2] <= MINUTE:
                told.pop()
            else:
                told.append((to, by, clock.time))
    deal.refresh_from_db()
    expected = [(stage.name, at) for stage, _by, at in told]
    assert [(step.event.to_stage.name, step.occurred_at) for step in history(deal)] == expected
    assert (deal.stage, deal.stage_entered_at) == (told[-1][0], told[-1][2])
    log = sources.river(Selection(pipeline.pk, sources.today(pipeline, timezone.now()))).deals
    seen = log.steps.filter(log.steps["card"] == log.steps["card"].max())["stage"].to_list()
    assert [log.stages[code].name for code in seen] == [name for name, _at in expected]
    assert clean()
