"""One mail to a segment: written once for each reader, waiting for its moment, or the reason why there is none."""

from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from leads.domain import qualifying, recycling
from leads.domain.contacting import broadcasting, consenting, returning, segmenting, wording
from leads.marketing import segments
from leads.models import Lead, Mail, MailingLine, MailTemplate, WhyNot
from pipeline_crm.accounts.models import Role
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_deal, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def mina():
    return make_user(name="Mina", team=make_team(), role=Role.MARKETER)


@pytest.fixture
def template() -> MailTemplate:
    body = "Dear {{first_name}}, {{company}} may like this."
    return wording.keep("News", subject="News", body=body, purpose="news", by=None, at=ago(9))


def prospect(mina, name: str, *, agreed: bool = True, **facts) -> Lead:
    facts = {"email": f"{name.lower()}@juniper.example", **facts}
    lead = make_lead(name=name, owner=mina, by=mina, tags=["warm"], **facts)
    if agreed:
        consenting.record(lead.person, ["news"], words="Yes", by=None, at=ago(5))
    return lead


def begin(mina, template, by=None):
    segment = segmenting.keep("Warm", query="tag=warm", by=mina, at=ago(0))
    return broadcasting.begin(segment, template, by=by or mina, at=ago(0))


def write(mailing) -> int:
    at = timezone.now()
    return max(broadcasting.write(mailing, partial(segments.readers, mailing, at=at), at=at), default=0)


def test_each_reader_gets_one_mail_that_waits_for_its_moment_and_the_others_a_reason(mina, template):
    kim, lee = prospect(mina, "Kim"), prospect(mina, "Lee", agreed=False)
    again = make_lead(name="K", email="KIM@juniper.example", owner=mina, by=mina, tags=["warm"])
    nameless = prospect(mina, "Juno", organisation=None)
    mailing = begin(mina, template)
    foreseen = {lead.pk: broadcasting.why_not(lead, template, by=mina, at=ago(0)) for lead in (kim, lee, nameless)}
    assert write(mailing) == 4 and mailing.written_at
    lines = {line.lead_id: line for line in mailing.lines.all()}
    assert {pk: line.why_not for pk, line in lines.items()} == {
        kim.pk: "", lee.pk: WhyNot.NO_BASIS, again.pk: WhyNot.TWICE, nameless.pk: WhyNot.NOT_KNOWN,
    }  # fmt: skip
    assert foreseen == {pk: lines[pk].why_not for pk in foreseen}
    [mail] = Mail.objects.all()
    assert (mail, mail.state, mail.by) == (lines[kim.pk].mail, "waiting", mina) and "Dear Kim" in mail.text
    assert broadcasting.sums(mailing)[0] == ("", 1)


def test_begun_anew_it_writes_only_what_is_left(mina, template):
    for n in range(broadcasting.AT_ONCE + 5):
        prospect(mina, f"Kim{n}", organisation=f"House {n}")
    mailing = begin(mina, template)
    at = timezone.now()
    first = broadcasting.write(mailing, partial(segments.readers, mailing, at=at), at=at)
    assert next(first) == broadcasting.AT_ONCE and mailing.lines.count() == broadcasting.AT_ONCE
    first.close()
    assert write(mailing) == 5 and Mail.objects.count() == broadcasting.AT_ONCE + 5
    assert write(mailing) == 0


def test_an_open_deal_at_their_organisation_is_respected(mina, template):
    lead = prospect(mina, "Kim")
    make_deal(lead=make_lead(organisation=lead.organisation))
    assert broadcasting.why_not(lead, template, by=mina, at=ago(0)) == WhyNot.NEVER
    mailing = begin(mina, template)
    write(mailing)
    assert mailing.lines.get().why_not == WhyNot.NEVER and not Mail.objects.exists()


def test_who_is_with_sales_gets_none_and_who_waits_for_a_day_not_before_it(mina, template):
    offered, waiting = prospect(mina, "Kim"), prospect(mina, "Lee")
    qualifying.hand_over(offered, by=mina, at=ago(0))
    qualifying.accept(waiting, by=mina, at=ago(0))
    day = recycling.local_date(ago(-200))
    recycling.put_back(waiting, contact_again_on=day, by=mina, at=ago(0))
    assert broadcasting.why_not(offered, template, by=mina, at=ago(0)) == WhyNot.BUSY
    assert broadcasting.why_not(waiting, template, by=mina, at=ago(0)) == ""
    mailing = begin(mina, template)
    write(mailing)
    assert mailing.lines.get(lead=offered).why_not == WhyNot.BUSY
    assert recycling.local_date(mailing.lines.get(lead=waiting).mail.due_at) >= day


def test_it_is_foreseen_that_mails_to_an_address_come_back(mina, template):
    lead = prospect(mina, "Kim")
    returning.came_back(lead.person.email, because="550 unknown", at=ago(1))
    mailing = begin(mina, template)
    write(mailing)
    assert broadcasting.why_not(lead, template, by=mina, at=ago(0)) == mailing.lines.get().why_not == WhyNot.RETURNED


def test_the_sender_reaches_only_whom_they_see(mina, template):
    prospect(mina, "Kim")
    mailing = begin(mina, template, by=make_user(team=make_team(), role=Role.MARKETER))
    assert write(mailing) == 0 and mailing.written_at


def test_the_job_writes_it(mina, template):
    prospect(mina, "Kim")
    mailing = begin(mina, template)
    job = Job.objects.get(kind="leads.write_mailing", args={"mailing": mailing.pk})
    assert running.run(job.pk, clock=timezone.now) == "done"
    assert Mail.objects.get().mailing_line.mailing == mailing


def test_what_is_archived_is_not_sent(mina, template):
    wording.archive(template, by=mina, at=ago(0))
    with pytest.raises(broadcasting.NotOffered):
        begin(mina, template)


def test_the_database_keeps_one_line_for_a_lead_that_is_a_mail_or_a_reason(mina, template):
    lead, mailing = prospect(mina, "Kim"), begin(mina, template)
    with pytest.raises(IntegrityError, match="mailing_line_is_a_mail_or_says_why_not"), transaction.atomic():
        MailingLine.objects.create(mailing=mailing, lead=lead)
    MailingLine.objects.create(mailing=mailing, lead=lead, why_not="nobody")
    with pytest.raises(IntegrityError, match="mailing_reaches_a_lead_once"), transaction.atomic():
        MailingLine.objects.create(mailing=mailing, lead=lead, why_not="nobody")
