"""One prospect's whole way, with the clock passed in and a real mail server: from a form on somebody's page through a
cadence and sales, lost, recycled, woken, and won at the second try."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from deals.domain import closing, opening, recovering
from deals.domain import recycling as deal_recycling
from leads.domain import collecting, noting, nurturing, qualifying
from leads.domain.contacting import sequencing, shaping, wording
from leads.models import Lead, LeadStage
from pipeline_crm.accounts.models import Role
from pipeline_crm.foundation import stage_log
from pipeline_crm.jobs.domain import accepting, running
from pipeline_crm.jobs.models import Job
from tests.factories import make_pipeline, make_reason, make_team, make_user
from tests.leads.mail_server import mail_server

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
BERLIN = ZoneInfo("Europe/Berlin")


def day(month: int, number: int, hour: int = 10, *, year: int = 2025) -> datetime:
    return datetime(year, month, number, hour, tzinfo=BERLIN)


@pytest.fixture
def until(monkeypatch):
    """Let the workers do everything that becomes due, each job at its own time; then it is that moment."""
    monkeypatch.setattr("pipeline_crm.jobs.domain.accepting.current_app.send_task", lambda *a, **k: None)

    def work(moment: datetime) -> datetime:
        while job := Job.objects.filter(state="waiting", due_at__lte=moment).order_by("due_at", "pk").first():
            monkeypatch.setattr(timezone, "now", lambda job=job: job.due_at)
            running.run(job.pk, clock=lambda job=job: job.due_at)
        monkeypatch.setattr(timezone, "now", lambda: moment)
        return moment

    return work


def test_from_a_form_to_an_order_at_the_second_try(until, settings):
    team = make_team("North")
    mina, ana = make_user(name="Mina", team=team, role=Role.MARKETER), make_user(name="Ana", team=team)
    pipeline, timing = make_pipeline(is_default=True), make_reason("Timing", days=90)
    at = until(day(3, 3))
    template = wording.keep(
        "Hello", subject="For {{company}}", body="Dear {{first_name}}", purpose="offers", by=mina, at=at
    )
    cadence = shaping.keep("Introduction", by=mina, at=at)
    for days in (0, 7, 7):
        shaping.add_step(cadence, kind="email", wait_days=days, template=template, by=mina, at=at)
    form = collecting.keep_form(
        name="Contact", heading="Get in touch", thanks="Thank you.", consent_words="I agree.", double_opt_in=False,
        origins=["https://www.example.com"], team=team, owner=mina, by=mina, at=at,
    )  # fmt: skip

    with mail_server(settings) as inbox:
        said = {"name": "Kim Sato", "email": "kim@juniper.example", "organisation": "Juniper", "agreed": "on"}
        assert (
            Client(headers={"Origin": "https://www.example.com"}).post(f"/forms/{form.key}/", said).status_code == 200
        )
        lead = Lead.objects.get()
        nurturing.nurture(lead, by=mina, at=until(day(3, 4)))
        sequencing.enrol(lead, cadence, by=mina, at=until(day(3, 4, 11)))
        until(day(3, 17))
        assert [mail.sent_at.astimezone(BERLIN).date().isoformat() for mail in lead.mails.order_by("pk")] == [
            "2025-03-04",
            "2025-03-11",
        ]
        call = noting.plan(lead, kind="call", subject="Prices", due_on=day(3, 17).date(), by=ana, at=day(3, 17))
        noting.done(call, by=ana, at=day(3, 17))
        until(day(3, 18, 16))
        enrolment = lead.enrolments.get()
        assert (len(inbox.messages), "the last was Ana · Call on 17 Mar" in enrolment.waits_because) == (
            2,
            True,
        )
        assert enrolment.due_at == day(3, 20)

        lead.refresh_from_db()
        qualifying.qualify(lead, by=mina, at=until(day(3, 19)))
        qualifying.hand_over(lead, by=mina, at=until(day(3, 19, 11)))
        qualifying.hand_back(lead, reason="No budget named", by=ana, at=until(day(3, 19, 12)))
        qualifying.hand_over(lead, by=mina, at=until(day(3, 19, 13)))
        first = opening.open_deal(lead=lead, amount=5000, offered=True, by=ana, at=until(day(3, 19, 14)))
        until(day(4, 1))
        assert len(inbox.messages) == 2 and lead.enrolments.get().ended_because == "Accepted"

        closing.lose(first, reason=timing, by=ana, at=until(day(4, 2)))
        deal_recycling.recycle(first, by=ana, at=day(4, 2))
        lead = Lead.objects.get()
        assert (lead.stage, lead.contact_again_on) == (LeadStage.WAITING, (day(4, 2) + timedelta(days=90)).date())
        for moment in (day(6, 30, 3), day(7, 1, 3)):
            accepting.accept_period("leads.wake_due", start=moment, at=until(moment))
            until(moment)
            lead.refresh_from_db()
            assert lead.stage == (LeadStage.WAITING if moment.month == 6 else LeadStage.NURTURING)

    qualifying.hand_over(lead, by=mina, at=until(day(7, 3)))
    second = opening.open_deal(lead=lead, amount=6000, offered=True, by=ana, at=until(day(7, 4)))
    closing.win(second, by=ana, at=until(day(7, 20)))

    assert second.attempt == 2 and lead.mails.count() == 2
    assert [step.to_key for step in stage_log.history(Lead.objects.get())] == [
        "generation", "nurturing", "qualification", "ready", "qualification", "ready", "accepted",
        "waiting", "nurturing", "ready", "accepted",
    ]  # fmt: skip
    row = recovering.results(ana).all
    assert (row.returned, row.tried, row.won, row.revenue) == (1, 1, 1, 6000)
    assert list(stage_log.discrepancies(Lead)) == [] and pipeline.deals.count() == 2
