from datetime import UTC, date, datetime
from time import process_time

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.models import F

from analytics import targeting
from deals.models import Deal, DealActivity, DealChange, DealEvent, Pipeline
from leads.models import Lead, LeadActivity, LeadEvent, Recycling
from pipeline_crm import demo
from pipeline_crm.accounts.models import Membership, Role, User
from pipeline_crm.demo import people
from pipeline_crm.foundation import stage_log
from pipeline_crm.jobs.models import Job
from pipeline_crm.tasks import begin_period, period_start

pytestmark = pytest.mark.django_db

AT = datetime(2024, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(demo, "LEADS", 700)
    monkeypatch.setattr(demo, "HOUSES", 500)


def load(seed=1):
    return demo.load(at=AT, seed=seed, password="secret")


def told():
    """The whole story without ids."""
    return list(DealEvent.objects.order_by("card__created_at", "card_id", "seq").values_list(
        "card__organisation__name", "card__owner__email", "to_stage__name", "occurred_at", "amount", "currency"
    ))  # fmt: skip


def test_the_same_seed_and_moment_make_the_same_company(small):
    with transaction.atomic():
        load()
        first = told()
        transaction.set_rollback(True)
    load()
    assert told() == first


def test_another_seed_makes_another(small):
    with transaction.atomic():
        load(seed=1)
        first = told()
        transaction.set_rollback(True)
    load(seed=2)
    assert told() != first


def test_the_month_and_two_quarters_have_targets_that_can_be_reached_or_missed(small):
    load()
    targets = targeting.standing(Pipeline.objects.get(), at=AT)
    assert sorted((target.starts_on, target.ends_on) for target in targets) == [
        (date(2024, 10, 1), date(2024, 12, 31)),
        (date(2024, 11, 1), date(2024, 11, 30)),
        (date(2025, 1, 1), date(2025, 3, 31)),
    ]
    assert all(target.base_amount >= 10_000 for target in targets)


def test_the_ledger_is_clean(small):
    load()
    assert [*stage_log.discrepancies(Deal), *stage_log.discrepancies(Lead)] == []


def test_what_happened_was_recorded_when_it_happened(small):
    load()
    for model in (DealEvent, LeadEvent):
        assert model.objects.exists()
        assert not model.objects.exclude(recorded_at=F("occurred_at")).exists()
        assert not model.objects.filter(occurred_at__gt=AT).exists()


def test_recyclings_belong_to_the_steps_into_waiting(small):
    load()
    assert Recycling.objects.exists()
    for back in Recycling.objects.select_related("lead"):
        assert back.lead.events.get(seq=back.seq).to_stage == "waiting"
        assert back.lead.attempt > back.attempt


def test_deals_have_products_that_make_their_amount(small):
    load()
    for deal in Deal.objects.prefetch_related("lines"):
        lines = deal.lines.all()
        assert not lines or sum(line.quantity * line.unit_price for line in lines) == deal.amount
        assert deal.base_amount is not None


def test_next_steps_are_overdue_today_later_or_missing(small):
    load()
    due = set(DealActivity.objects.planned().values_list("due_on", flat=True))
    due |= set(LeadActivity.objects.planned().values_list("due_on", flat=True))
    assert min(due) < AT.date() < max(due) and AT.date() in due
    assert Lead.objects.open().exclude(activities__done_at=None).exists()


def test_columns_show_mixed_ages_and_the_waiting_by_their_day(small):
    load()
    open_since = list(Deal.objects.open().order_by("stage", "rank").values_list("stage_entered_at", flat=True))
    assert open_since != sorted(open_since, reverse=True)
    days = list(Lead.objects.in_stage("waiting").order_by("rank").values_list("contact_again_on", flat=True))
    assert days == sorted(days)
    ended = list(Deal.objects.won().order_by("rank").values_list("stage_entered_at", flat=True))
    assert ended == sorted(ended, reverse=True)


def test_changes_of_amount_and_date_are_logged(small):
    load()
    assert set(DealChange.objects.values_list("field", flat=True)) == {"amount", "expected_close"}


def test_the_people_can_sign_in_and_have_their_roles(small):
    load()
    assert all(User.objects.get(email=one.email).check_password("secret") for one in people.COLLEAGUES)
    assert set(Membership.objects.values_list("role", flat=True)) == set(Role.values)


def test_each_colleague_sees_a_board_with_deals(small):
    load()
    for one in people.COLLEAGUES:
        user = User.objects.get(email=one.email)
        assert Deal.objects.visible_to(user).open().exists() and Lead.objects.visible_to(user).open().exists()


def test_it_loads_only_into_an_empty_installation(small):
    load()
    with pytest.raises(demo.NotEmpty):
        load()
    with pytest.raises(CommandError, match="empty installation"):
        call_command("load_demo")


def test_if_empty_leaves_a_company_alone(small, capsys):
    User.objects.create_user("someone@example.com")
    call_command("load_demo", if_empty=True)
    assert capsys.readouterr().out == "" and not Pipeline.objects.exists()


def test_the_command_prints_the_sign_ins_and_they_stay_known(small, capsys):
    call_command("load_demo", seed=2)
    assert f"ada@{people.DOMAIN}" in capsys.readouterr().out
    assert f"{demo.EVALUATION_PASSWORD}  (admin)" in demo.sign_in_lines()[0]


def test_the_first_forecast_is_asked_for_when_it_is_loaded_and_once_a_day(small):
    call_command("load_demo")
    begin_period("analytics.record", "day")
    (job,) = Job.objects.filter(kind="analytics.record")
    assert job.state == "waiting" and job.period_start == period_start(job.accepted_at, "day")


def test_outside_an_evaluation_the_password_is_nobodys_secret_twice(small, capsys, settings):
    settings.EVALUATION = False
    call_command("load_demo")
    assert demo.EVALUATION_PASSWORD not in capsys.readouterr().out
    assert demo.sign_in_lines() == []


@pytest.mark.slow
def test_the_whole_company_costs_little_to_load():
    began = process_time()  # of this process only, so that a busy machine does not fail the test
    summary = load()
    assert process_time() - began < 20
    assert 2950 <= summary.leads <= 3000 and 1350 <= summary.deals <= 1700 and 55 <= summary.open_deals <= 120
