"""Whoever is erased leaves numbers behind, and no words."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from deals.domain import closing, moving
from deals.domain import noting as deal_noting
from deals.domain import revising as deal_revising
from deals.models import DealChange, DealEvent
from leads.domain import capturing, collecting, erasing, merging, noting, qualifying, revising
from leads.domain.contacting import consenting, sequencing
from leads.domain.erasing import ErasedAlready
from leads.models import Batch, Cadence, Lead, LeadChange, LeadEvent, LeadForm, Mail, Organisation, Person, Touch
from pipeline_crm.accounts.domain import notifying
from pipeline_crm.accounts.models import Change, Notification
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_deal, make_lead, make_mail, make_pipeline, make_reason, make_team, make_user

pytestmark = pytest.mark.django_db

NAME, EMAIL, PHONE = "Zyxwa Quuxley", "zyxwa@quuxley.example", "+49 30 7654321"
# What tells nobody who it was: tables with a foreign key to a person whose words, if they have any, are not theirs.
HOLDS_NO_WORDS = {"leads.consent", "leads.lead", "deals.deal", "leads.person"}
BLANKED = {"leads.leadactivity", "deals.dealactivity", "leads.mail", "leads.reply", "leads.touch"}


@pytest.fixture
def ana():
    return make_user(name="Ana", team=make_team("North"))


def everywhere(word: str) -> list[str]:
    """The tables in which the word stands."""
    found = []
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            cursor.execute(f"SELECT count(*) FROM {table} t WHERE t::text ILIKE %s", [f"%{word}%"])
            if cursor.fetchone()[0]:
                found.append(table)
    return found


@pytest.fixture
def known(ana):
    """Somebody who is known in every place that keeps words."""
    form = LeadForm.objects.create(
        name="Contact", heading="Contact", consent_words="Yes", double_opt_in=False, owner=ana, created_at=ago(99)
    )
    said = {"name": NAME, "email": EMAIL, "phone": PHONE, "message": f"I am {NAME}", "agreed": True}
    page = f"https://www.example.com/prices?mail={EMAIL}"
    lead = collecting.receive(form, said, page=page, address="192.0.2.1", agent="Firefox", at=ago(90)).lead
    form.captures.create(said={"email": EMAIL, "name": NAME}, received_at=ago(80))
    revising.revise(lead, title=f"Roof of {NAME}", tags=["zyxwa"], value=Decimal(700), by=ana, at=ago(60))
    make_mail(lead, to=EMAIL, subject=f"Dear {NAME}", text=f"Dear {NAME}", state="sent", sent_at=ago(70))
    make_mail(lead, to=EMAIL, subject=f"Dear {NAME}", text=f"Dear {NAME}", problem=f"550 <{EMAIL}>")
    noting.plan(lead, kind="call", subject=f"Ring {NAME}", due_on=ago(0).date(), by=ana, at=ago(50))
    qualifying.hand_over(lead, by=ana, at=ago(40))
    qualifying.hand_back(lead, reason=f"{NAME} is on holiday", by=ana, at=ago(39))
    deal = make_deal(lead=lead, pipeline=make_pipeline(), owner=ana, by=ana)
    deal_noting.note(deal, text=f"{NAME} wants 10 %", by=ana, at=ago(10))
    deal_revising.revise(deal, concerns=f"{NAME} fears the cost", title=f"Deal of {NAME}", by=ana, at=ago(9))
    notifying.notify(ana, kind="reply", words=f"{NAME} replied", url=f"/leads/{lead.pk}/", key="1", at=ago(8))
    Batch.objects.create(kind="import", created_at=ago(9), summary={"rejected": [[7, f"{EMAIL} twice"]]})
    Job.objects.create(
        kind="leads.send_mail", idem_key="1", accepted_at=ago(9), due_at=ago(9), last_error=f"550 {EMAIL}"
    )
    return lead.person


def test_no_word_of_them_is_left_anywhere(ana, known):
    assert len(everywhere("zyxwa")) > 12
    erasing.erase(known, by=ana, at=timezone.now())
    for word in ("zyxwa", "quuxley", "7654321", "192.0.2.1"):
        assert everywhere(word) == []
    call_command("check_ledger")


def test_steps_days_and_amounts_stay(ana, known):
    def counted():
        steps = [list(model.objects.order_by("id").values_list("card", "seq", "to_stage", "occurred_at", "amount"))
                 for model in (LeadEvent, DealEvent)]  # fmt: skip
        changes = [list(model.objects.order_by("id").values_list("field", "recorded_at")) for model in
                   (LeadChange, DealChange)]  # fmt: skip
        return steps, changes, list(Touch.objects.order_by("id").values_list("kind", "at", "campaign"))

    before = counted()
    erasing.erase(known, by=ana, at=timezone.now())
    assert counted() == before
    assert [touch.page for touch in Touch.objects.filter(kind="form")] == ["https://www.example.com/prices"]


def test_all_of_their_records_are_erased_together(ana, known):
    same = Person.objects.create(name="Z. Q.", email=EMAIL.upper())
    merged = Person.objects.create(name="Zyxwa", email="zq@home.example")
    apart = Person.objects.create(name="Somebody", email="else@quux.example")
    merging.people(known, merged, by=ana, at=timezone.now())
    erasing.erase(known, by=ana, at=timezone.now())
    for person in (known, same, merged):
        person.refresh_from_db()
        assert (str(person), person.email, person.organisation) == ("Erased person", "", None)
    apart.refresh_from_db()
    assert apart.erased_at is None


def test_cadences_end_and_mails_that_wait_are_not_sent(ana, known):
    cadence = Cadence.objects.create(name="Hello", created_at=ago(9))
    cadence.steps.create(position=1, kind="task", subject="Ring")
    lead = make_lead(name=NAME, email=EMAIL, by=ana, owner=ana)
    enrolment = sequencing.enrol(lead, cadence, by=ana, at=ago(1))
    erasing.erase(known, by=ana, at=timezone.now())
    enrolment.refresh_from_db()
    assert enrolment.state == "stopped"
    assert set(Mail.objects.values_list("state", flat=True)) == {"sent", "cancelled"}


def test_who_was_erased_and_comes_in_anew_is_written_to_only_after_agreeing_anew(ana, known):
    erasing.erase(known, by=ana, at=timezone.now() - timedelta(days=1))
    anew = capturing.find_person(name=NAME, email=EMAIL.title())
    assert anew != known
    assert consenting.has_left(anew)
    consenting.record(anew, ["offers"], basis="interest", words="We think so", by=ana, at=timezone.now())
    assert consenting.basis_for(anew, "offers") is None
    consenting.record(anew, ["offers"], words="Yes", by=ana, at=timezone.now())
    assert consenting.basis_for(anew, "offers").basis == "consent"


def test_erasing_is_done_once_and_by_whom_is_written_down(ana, known):
    erasing.erase(known, by=ana, at=timezone.now())
    assert list(Change.objects.values_list("subject", "field", "by")) == [(f"person {known.pk}", "erased", ana.pk)]
    with pytest.raises(ErasedAlready):
        erasing.erase(known, by=ana, at=timezone.now())


def test_their_cards_go_on_without_a_name(ana, known):
    deal = known.deals.get()
    erasing.erase(known, by=ana, at=timezone.now())
    deal.refresh_from_db()
    moving.move(deal, to=deal.pipeline.stages.open().order_by("position")[1], by=ana, at=timezone.now())
    closing.lose(deal, reason=make_reason(), by=ana, at=timezone.now())
    assert str(Lead.objects.get(pk=deal.lead_id)) == "Erased person"


def test_somebody_known_by_name_only_is_erased_too(ana):
    person = Person.objects.create(name="Al", organisation=Organisation.objects.create(name="Acme"))
    erasing.erase(person, by=ana, at=timezone.now())
    assert (person.name, person.erased_mark) == ("", "")


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("UPDATE leads_leadevent SET reason = 'erased' WHERE reason IS NOT NULL", True),
        ("UPDATE leads_leadevent SET reason = 'something else' WHERE reason IS NOT NULL", False),
        ("UPDATE leads_leadevent SET occurred_at = occurred_at - interval '1 day'", False),
        ("DELETE FROM leads_leadevent", False),
        ("UPDATE leads_leadchange SET before = '\"erased\"' WHERE field = 'title'", True),
        ("UPDATE leads_leadchange SET after = '\"erased\"' WHERE field = 'value'", False),
        ("UPDATE deals_dealchange SET after = '\"erased\"' WHERE field = 'concerns'", True),
        ("UPDATE deals_dealchange SET after = '\"x\"' WHERE field = 'concerns'", False),
        ("UPDATE deals_dealchange SET field = 'title' WHERE field = 'concerns'", False),
    ],
)
@pytest.mark.parametrize("erases", ["", "yes"])
def test_the_database_lets_erasing_blank_words_and_nobody_anything_else(known, statement, allowed, erases):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pipeline.erases', %s, true)", [erases])
        if allowed and erases:
            cursor.execute(statement)
            assert cursor.rowcount
        else:
            with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
                cursor.execute(statement)


def test_after_erasing_the_logs_are_closed_again(ana, known):
    erasing.erase(known, by=ana, at=timezone.now())
    with connection.cursor() as cursor, pytest.raises(IntegrityError), transaction.atomic():
        cursor.execute("UPDATE leads_leadevent SET reason = 'erased' WHERE reason IS NOT NULL")


def test_check_ledger_names_words_that_are_left(ana, known, capsys):
    erasing.erase(known, by=ana, at=timezone.now())
    Mail.objects.filter(state="sent").update(text="Dear Z")
    with pytest.raises(CommandError, match="1 discrepancies"):
        call_command("check_ledger")
    assert "its person was erased, its words were not" in capsys.readouterr().err


def test_every_table_that_points_to_a_person_is_decided():
    """Whoever adds one says here whether it holds words, and blanks them in `erasing` if it does."""
    related = Person._meta.get_fields(include_hidden=True)
    tables = {field.related_model._meta.label_lower for field in related if field.auto_created and not field.concrete}
    assert tables == HOLDS_NO_WORDS | BLANKED


def test_what_is_told_of_others_stays_though_a_name_is_part_of_a_word(ana):
    ann = make_lead(by=ana, name="Ann Ork", email="ann@ork.example")
    notifying.notify(ana, kind="reply", words="Planned work cannot begin", url="/leads/0/", key="1", at=ago(8))
    notifying.notify(ana, kind="reply", words="Lee answered: (Ann) is away", url="/leads/0/", key="2", at=ago(8))
    erasing.erase(ann.person, by=ana, at=timezone.now())
    assert [*Notification.objects.values_list("words", flat=True)] == ["Planned work cannot begin"]
