"""Mails that come in, filed on their mail, person and lead."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from leads.domain import describing, erasing, merging, qualifying
from leads.domain.contacting import consenting, filing, mailing, reading, returning, sequencing, shaping, wording
from leads.domain.contacting.filing import Fate
from leads.models import Attachment, EnrolmentState, Lead, Mail, MailState, Person, Reply, Touch, Undeliverable
from pipeline_crm.accounts.models import Notification
from tests.factories import make_lead, make_user
from tests.leads.letters import letter, report

pytestmark = pytest.mark.django_db
TUESDAY = datetime(2026, 10, 13, 10, tzinfo=ZoneInfo("Europe/Berlin"))
LATER = TUESDAY + timedelta(hours=5)


@pytest.fixture(autouse=True)
def files_of_their_own(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def mina():
    return make_user(name="Mina Sol", email="mina@lumenfield.example")


@pytest.fixture
def lead(mina):
    lead = make_lead(
        name="Kim Sato", email="kim@juniper.example", organisation="Juniper", owner=mina, at=TUESDAY - timedelta(9)
    )
    consenting.record(lead.person, ["offers"], words="Yes please", by=None, at=TUESDAY - timedelta(days=9))
    return lead


@pytest.fixture
def template():
    return wording.keep("Prices", subject="Prices", body="Here they are.", purpose="offers", by=None, at=TUESDAY)


@pytest.fixture
def mail(lead, template):
    mail = mailing.queue(lead, template, by=None, at=TUESDAY)
    Mail.objects.filter(pk=mail.pk).update(state=MailState.SENT, sent_at=TUESDAY)
    return Mail.objects.get(pk=mail.pk)


def arrive(at=LATER, **words):
    return filing.file(reading.of_bytes(letter(**words).as_bytes()), at=at)


def test_an_answer_is_filed_on_the_mail_it_answers_and_told_to_the_owner(mail, mina):
    filed = arrive(answers=mailing.message_id(mail), at=LATER)
    reply = Reply.objects.get()
    assert (filed.fate, reply.mail, reply.lead, reply.person) == (Fate.FILED, mail, mail.lead, mail.person)
    assert (reply.text, reply.subject) == ("Yes, please send it.", "Re: Prices for Juniper")
    touch = Touch.objects.get()
    assert (touch.kind, touch.lead, touch.what, touch.key) == ("reply", mail.lead, reply.subject, f"reply {reply.pk}")
    told = Notification.objects.get()
    assert (told.user, told.words, told.url) == (
        mina, "Kim Sato answered: Re: Prices for Juniper", f"/leads/{mail.lead_id}/",
    )  # fmt: skip


def test_the_same_mail_again_changes_nothing(mail):
    arrive(answers=mailing.message_id(mail))
    assert arrive(answers=mailing.message_id(mail)).fate == Fate.KNOWN
    assert (Reply.objects.count(), Touch.objects.count(), Notification.objects.count()) == (1, 1, 1)


def test_a_colleague_of_theirs_who_answers_is_filed_on_whom_we_wrote_to(mail):
    arrive(sender="Lee <lee@juniper.example>", answers=mailing.message_id(mail))
    reply = Reply.objects.get()
    assert (reply.person, reply.lead, reply.sender) == (mail.person, mail.lead, "lee@juniper.example")


def test_a_made_up_thread_names_no_mail(mail):
    made_up = f"<mail-{mail.pk}.{'0' * 24}@127.0.0.1>"
    assert arrive(sender="x@elsewhere.example", answers=made_up).fate == Fate.STRANGER
    assert not Reply.objects.exists()


def test_the_providers_own_name_for_a_mail_counts_too(mail):
    Mail.objects.filter(pk=mail.pk).update(provider_id="b7bc2f4a")
    assert arrive(sender="lee@juniper.example", answers="<b7bc2f4a@mtasv.example>").reply.mail == mail


def test_without_a_thread_the_address_counts_and_the_open_lead_comes_first(lead):
    older = make_lead(name="Kim Sato", email="kim@juniper.example", organisation="Juniper", at=TUESDAY)
    qualifying.disqualify(older, reason="No need", by=None, at=TUESDAY)
    assert arrive(sender="KIM@juniper.example").reply.lead == lead
    qualifying.accept(Lead.objects.get(pk=lead.pk), by=None, at=TUESDAY)
    assert arrive(message_id="<2@x>").reply.lead == lead


def test_a_lead_that_was_merged_is_filed_where_it_went(mail, lead):
    kept = make_lead(name="Kim S.", organisation="Juniper", at=TUESDAY)
    merging.leads(kept, lead, by=None, at=TUESDAY)
    assert arrive(answers=mailing.message_id(mail)).reply.lead == kept


def test_strangers_and_colleagues_are_not_kept(mail, mina):
    assert arrive(sender="spam@x.example").fate == Fate.STRANGER
    assert arrive(sender=mina.email, answers=mailing.message_id(mail)).fate == Fate.COLLEAGUE
    assert not Reply.objects.exists()


def test_an_answer_stops_the_cadence_and_an_automatic_one_does_not(lead, template, mail):
    cadence = shaping.keep("Introduction", by=None, at=TUESDAY)
    shaping.add_step(cadence, kind="email", wait_days=3, template=template, by=None, at=TUESDAY)
    enrolment = sequencing.enrol(lead, cadence, at=TUESDAY)
    arrive(subject="Out of office", answers=mailing.message_id(mail))
    enrolment.refresh_from_db()
    assert (enrolment.state, Touch.objects.count(), Notification.objects.count()) == (EnrolmentState.RUNNING, 0, 0)
    assert Reply.objects.get().is_automatic
    arrive(message_id="<2@x>", answers=mailing.message_id(mail))
    enrolment.refresh_from_db()
    assert (enrolment.state, enrolment.ended_because) == (EnrolmentState.STOPPED, "They answered")


def test_enrolments_are_locked_before_leads_and_before_anything_is_written_so_nobody_waits_crosswise(lead, template):
    cadence = shaping.keep("Introduction", by=None, at=TUESDAY)
    shaping.add_step(cadence, kind="email", wait_days=3, template=template, by=None, at=TUESDAY)
    sequencing.enrol(lead, cadence, at=TUESDAY)
    with CaptureQueriesContext(connection) as asked:
        arrive()
    words = [query["sql"] for query in asked]
    locks = [sql for sql in words if "FOR UPDATE" in sql and ('"leads_enrolment"' in sql or '"leads_lead"' in sql)]
    assert locks[0].split("FROM")[1].startswith(' "leads_enrolment"') and '"leads_lead"' in locks[1]
    first_written = next(place for place, sql in enumerate(words) if sql.startswith('INSERT INTO "leads_'))
    assert words.index(locks[1]) < first_written


def test_files_are_kept_apart_from_their_names_and_some_are_not(lead, files_of_their_own):
    files = {
        "price.pdf": b"%PDF",
        "run.EXE": b"MZ",
        "page.html": b"<script>",
        "large.bin": b"x" * (filing.LARGEST_FILE + 1),
    }
    arrive(files=files | {f"{number}.txt": b"x" for number in range(30)})
    kept = Attachment.objects.exclude(file="")
    assert kept.first().file.read() == b"%PDF" and "price" not in kept.first().file.name
    left_out = dict(Attachment.objects.filter(file="").values_list("name", "left_out_because"))
    assert left_out["run.EXE"] == left_out["page.html"] == "Files of this kind can run programs."
    assert left_out["large.bin"] == "It is too large."
    assert kept.count() <= filing.MOST_FILES and left_out["29.txt"] == "The mail has too many files."
    assert len([path for path in files_of_their_own.rglob("*") if path.is_file()]) == kept.count()
    with pytest.raises(IntegrityError), transaction.atomic():
        Attachment.objects.filter(pk=kept.first().pk).update(left_out_because="both")


@pytest.mark.parametrize(
    ("said", "kept"), [(TUESDAY, TUESDAY), (LATER + timedelta(1), LATER), (TUESDAY - timedelta(90), LATER)]
)
def test_a_date_that_cannot_be_is_not_believed(lead, said, kept):
    arrived = reading.of_bytes(letter(at=said, message_id="<dated@x>").as_bytes())
    assert filing.file(arrived, at=LATER).reply.written_at == kept


def test_a_mail_that_comes_back_for_good_closes_the_address(mail, lead, template):
    raw = report(mailing.message_id(mail), to="kim@juniper.example")
    assert filing.file(reading.of_bytes(raw), at=LATER).fate == Fate.RETURNED
    filing.file(reading.of_bytes(raw), at=LATER)
    mail.refresh_from_db()
    assert (mail.returned_at, mail.problem) == (LATER, "550 5.1.1 no such user")
    assert returning.undeliverable(lead.person).because == "550 5.1.1 no such user"
    with pytest.raises(mailing.ComesBack, match="come back: 550 5.1.1 no such user"):
        mailing.queue(lead, template, by=None, at=LATER)
    returning.works_again("KIM@juniper.example", by=None, at=LATER)
    assert mailing.queue(lead, template, by=None, at=LATER).state == MailState.WAITING
    assert not Reply.objects.exists()


def test_a_report_closes_no_address_but_the_one_we_wrote_to(mail):
    for of, to, status in (
        ("<mail-1.000000000000000000000000@x>", "kim@juniper.example", "5.1.1"),
        (mailing.message_id(mail), "ceo@juniper.example", "5.1.1"),
        (mailing.message_id(mail), "kim@juniper.example", "4.2.2"),
    ):
        filing.file(reading.of_bytes(report(of, to=to, status=status)), at=LATER)
    assert not Undeliverable.objects.exists()


def test_whoever_complains_has_withdrawn(mail, lead):
    returning.complained("kim@juniper.example", mail=mail, at=LATER)
    lead.refresh_from_db()
    assert (lead.stage, consenting.basis_for(lead.person, "offers")) == ("unsubscribed", None)
    assert Mail.objects.get().complained_at == LATER


def test_forgetting_leaves_that_they_wrote_and_nothing_of_what(
    lead, files_of_their_own, django_capture_on_commit_callbacks
):
    arrive(files={"price.pdf": b"%PDF"})
    returning.came_back("kim@juniper.example", because="x", at=LATER)
    with django_capture_on_commit_callbacks(execute=True):
        filing.forget(Person.objects.get(pk=lead.person_id))
    reply = Reply.objects.get()
    assert (reply.sender, reply.sender_name, reply.subject, reply.text, reply.quoted) == ("", "", "", "", "")
    assert not Attachment.objects.exists() and not Undeliverable.objects.exists()
    assert not [path for path in files_of_their_own.rglob("*") if path.is_file()]


def test_who_writes_from_the_address_of_a_record_that_was_merged_is_known(lead):
    home = Person.objects.create(name="Kim S.", email="kim@home.example")
    merging.people(lead.person, home, by=None, at=TUESDAY)
    arrive(sender="kim@home.example")
    assert (Reply.objects.get().person, Reply.objects.get().lead) == (lead.person, lead)


def test_of_who_was_erased_nothing_is_kept_again_however_it_arrives(mail):
    arrive(answers=mailing.message_id(mail))
    erasing.erase(mail.person, by=None, at=LATER)
    assert arrive(answers=mailing.message_id(mail)).fate == Fate.STRANGER  # the mailbox is read from its beginning
    assert arrive(answers=mailing.message_id(mail), message_id="<new@juniper.example>").fate == Fate.STRANGER
    assert [*Reply.objects.values_list("sender", "text")] == [("", "")] and [*erasing.discrepancies()] == []


@pytest.mark.parametrize("since", ["merged", "moved"])
def test_a_complaint_counts_under_an_address_that_they_do_not_use_any_more(mail, since):
    person = mail.person
    if since == "merged":
        person = Person.objects.create(name="Kim Sato", email="kim@home.example")
        merging.people(person, mail.person, by=None, at=TUESDAY)
        returning.left(mail.to, at=LATER)
    else:
        describing.describe_person(person, email="kim@home.example", by=None, at=TUESDAY)
        returning.complained(mail.to, mail=mail, at=LATER)
    assert consenting.has_left(person) and consenting.basis_for(person, "offers") is None


@pytest.mark.parametrize("sender", ["MAILER-DAEMON@mx.example", "postmaster@mx.example", "no-reply@juniper.example"])
def test_what_a_mail_server_writes_without_saying_so_is_no_answer(mail, sender):
    arrive(sender=sender, answers=mailing.message_id(mail))
    assert Reply.objects.get().is_automatic and not Touch.objects.exists()
