"""Two records become one, and two again: nothing is lost on the way, and no report notices."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from deals.domain import moving as deal_moving
from leads.domain import capturing, merging, moving, noting, revising
from leads.domain.contacting import consenting, sequencing
from leads.domain.merging import CannotBeMerged, CannotBeUndone
from leads.domain.seeing import MergedIntoAnother
from leads.models import (
    Cadence,
    Enrolment,
    Lead,
    LeadChange,
    LeadEvent,
    LeadStage,
    Merge,
    Organisation,
    Person,
)
from tests.factories import ago, make_deal, make_lead, make_mail, make_pipeline, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_user(name="Ana", team=make_team("North"))


def person(name="Kim", **fields):
    return Person.objects.create(name=name, **fields)


def now():
    return timezone.now()


def test_of_two_people_what_is_empty_is_filled_in_and_what_is_chosen_is_taken(ana):
    kim, kimberly = person(email="kim@old.example"), person("Kimberly Park", email="kim@new.example", phone="1 23")
    merge = merging.people(kim, kimberly, choices={"email": "other"}, by=ana, at=now())
    kim.refresh_from_db()
    assert (kim.name, kim.email, kim.phone) == ("Kim", "kim@new.example", "1 23")
    assert merge.took["email"] == ["kim@old.example", "kim@new.example"]
    assert (merge.by, merge.keep, merge.other) == (ana, kim.pk, kimberly.pk)


def test_everything_of_the_other_person_is_the_kept_ones(ana):
    kim, twin = person(), person(email="twin@example.com")
    lead = make_lead(by=ana, name="Twin", email="twin@example.com")
    mail = make_mail(lead)
    deal = make_deal(pipeline=make_pipeline(), lead=lead)
    consenting.record(twin, ["offers"], words="Yes", by=ana, at=ago(2))
    version = deal.version
    merging.people(kim, twin, by=ana, at=now())
    for row in (lead, mail, deal):
        row.refresh_from_db()
        assert row.person == kim
    assert deal.version == version + 1
    assert consenting.basis_for(kim, "offers").person == twin


def test_a_merged_person_is_found_as_the_one_they_were_merged_into(ana):
    kim, twin, third = person(email="kim@example.com"), person(email="twin@example.com"), person(email="c@example.com")
    merging.people(kim, twin, by=ana, at=now())
    assert capturing.find_person(email="twin@example.com") == kim
    merging.people(third, kim, by=ana, at=now())
    assert capturing.find_person(email="twin@example.com") == third
    assert list(Person.objects.known()) == [third]


def test_whoever_left_by_one_address_has_left_as_the_merged_person(ana):
    kim, twin = person(email="kim@example.com"), person(email="twin@example.com")
    consenting.record(kim, ["offers"], words="Yes", by=ana, at=ago(9))
    consenting.withdraw(twin, at=ago(2))
    merging.people(kim, twin, by=ana, at=now())
    assert consenting.has_left(kim)


def test_a_merged_organisation_gives_its_people_cards_and_name_away(ana):
    lead = make_lead(by=ana, organisation="Acme Ltd", name="Kim", email="kim@acme.example")
    acme, limited = Organisation.objects.create(name="Acme", employees=5), lead.organisation
    merging.organisations(acme, limited, by=ana, at=now())
    lead.refresh_from_db()
    assert (lead.organisation, lead.person.organisation) == (acme, acme)
    assert capturing.find_organisation("acme ltd") == acme
    assert list(Organisation.objects.known()) == [acme]


def test_a_merged_lead_leaves_the_board_and_its_log_stays(ana):
    keep, other = make_lead(by=ana), make_lead(by=ana, title="Solar roof", value=Decimal(900), currency="USD")
    moving.move(other, to=LeadStage.NURTURING, by=ana, at=ago(9))
    noting.plan(other, kind="call", due_on=now().date(), by=ana, at=now())
    steps = list(LeadEvent.objects.order_by("id").values())
    merging.leads(keep, other, by=ana, at=now())
    assert list(Lead.objects.open()) == [keep]
    assert list(LeadEvent.objects.order_by("id").values()) == steps
    assert (keep.title, keep.value, keep.currency) == ("Solar roof", Decimal(900), "USD")
    assert set(LeadChange.objects.filter(lead=keep).values_list("field", flat=True)) == {"title", "value", "currency"}
    assert keep.activities.planned().count() == 1


def test_a_merged_lead_takes_no_step_and_no_note(ana):
    keep, other = make_lead(by=ana), make_lead(by=ana)
    merging.leads(keep, other, by=ana, at=now())
    with pytest.raises(MergedIntoAnother, match=keep.name):
        moving.move(other, to=LeadStage.NURTURING, by=ana, at=now())
    with pytest.raises(MergedIntoAnother):
        noting.note(other, text="Hello", by=ana, at=now())


def test_owner_and_team_change_only_when_that_is_chosen(ana):
    ben = make_user(name="Ben", team=make_team("South"))
    keep, other, third = make_lead(), make_lead(by=ben, owner=ben), make_lead(by=ben, owner=ben)
    merging.leads(keep, other, by=ana, at=now())
    assert (keep.owner, keep.team) == (None, None)
    merging.leads(keep, third, choices={"owner": "other"}, by=ana, at=now())
    assert (keep.owner, keep.team) == (ben, None)


def test_the_lead_that_sales_had_is_kept(ana):
    accepted, fresh = make_deal(pipeline=make_pipeline()).lead, make_lead(by=ana)
    with pytest.raises(CannotBeMerged, match="is the one to keep"):
        merging.leads(fresh, accepted, by=ana, at=now())
    assert merging.join(fresh, accepted, by=ana, at=now()) == accepted
    fresh.refresh_from_db()
    assert fresh.merged_into == accepted


def test_two_leads_that_sales_had_stay_two(ana):
    pipeline = make_pipeline()
    one, another = make_deal(pipeline=pipeline).lead, make_deal(pipeline=pipeline).lead
    with pytest.raises(CannotBeMerged, match="two stories"):
        merging.leads(one, another, by=ana, at=now())


def test_joining_makes_the_people_one_too_and_the_older_lead_stays(ana):
    older = make_lead(by=ana, name="Kim", email="kim@example.com", organisation=None)
    newer = make_lead(by=ana, name="Kim P", email="kim.p@example.com", organisation=None)
    assert merging.join(newer, older, by=ana, at=now()) == older
    assert newer.person.standing == Person.objects.get(pk=newer.person_id).standing == older.person


@pytest.mark.parametrize("late", [timedelta(days=30), timedelta(days=30, seconds=1)])
def test_a_merge_is_undone_for_thirty_days(ana, late):
    kim, twin = person(), person("Twin", email="twin@example.com")
    lead = make_lead(by=ana, name="Twin", email="twin@example.com")
    merge = merging.people(kim, twin, by=ana, at=now())
    if late > timedelta(days=30):
        with pytest.raises(CannotBeUndone):
            merging.undo(merge, by=ana, at=merge.at + late)
        return
    merging.undo(merge, by=ana, at=merge.at + late)
    lead.refresh_from_db()
    kim.refresh_from_db()
    assert (lead.person, kim.email, lead.person.standing) == (twin, "", twin)
    with pytest.raises(CannotBeUndone, match="already"):
        merging.undo(merge, by=ana, at=now())


def test_undoing_leaves_what_was_changed_or_added_since(ana):
    keep, other = make_lead(by=ana), make_lead(by=ana, title="Roof", value=Decimal(5))
    merge = merging.leads(keep, other, by=ana, at=now())
    keep.refresh_from_db()
    revising.revise(keep, title="Solar", by=ana, at=now())
    noting.note(keep, text="Rang them", by=ana, at=now())
    merging.undo(merge, by=ana, at=now())
    keep.refresh_from_db()
    other.refresh_from_db()
    assert (keep.title, keep.value, other.merged_into) == ("Solar", None, None)
    assert keep.activities.count() == 1
    moving.move(other, to=LeadStage.NURTURING, by=ana, at=now())


def test_the_later_merge_is_undone_first(ana):
    one, two, three = person("One"), person("Two"), person("Three")
    first = merging.people(two, three, by=ana, at=now())
    second = merging.people(one, two, by=ana, at=now())
    assert Person.objects.get(pk=three.pk).merged_into == one
    with pytest.raises(CannotBeUndone, match="Undo that first"):
        merging.undo(first, by=ana, at=now())
    merging.undo(second, by=ana, at=now())
    assert Person.objects.get(pk=three.pk).merged_into == two
    merging.undo(first, by=ana, at=now())
    assert Person.objects.known().count() == 3


def test_nobody_is_merged_with_themselves_or_twice(ana):
    one, two, three = person("One"), person("Two"), person("Three")
    with pytest.raises(CannotBeMerged):
        merging.people(one, one, by=ana, at=now())
    merging.people(one, two, by=ana, at=now())
    for keep, other in ((two, three), (three, two)):
        with pytest.raises(CannotBeMerged):
            merging.people(keep, other, by=ana, at=now())


def test_a_field_that_is_not_chosen_among_is_a_programming_error(ana):
    with pytest.raises(TypeError):
        merging.people(person("One"), person("Two"), choices={"erased_at": "other"}, by=ana, at=now())


def test_the_preview_names_every_field_and_what_moves_and_stays(ana):
    keep, other = make_lead(by=ana), make_lead(by=ana, title="Roof")
    noting.note(other, text="Hello", by=ana, at=now())
    shown = merging.preview("lead", keep, other)
    assert [choice.name for choice in shown.choices] == list(merging.FIELDS["lead"])
    assert next(choice for choice in shown.choices if choice.name == "title").proposed == "other"
    assert [n for _name, n in shown.moves] == [1]
    assert [n for _name, n in shown.stays] == [1]


def test_of_two_cadences_the_kept_leads_goes_on(ana):
    cadence = Cadence.objects.create(name="Hello", created_at=ago(9))
    cadence.steps.create(position=1, kind="task", subject="Ring")
    keep, other, third = (make_lead(by=ana, owner=ana, name=n, email=f"{n}@example.com") for n in "abc")
    for lead in (keep, other, third):
        moving.move(lead, to=LeadStage.NURTURING, by=ana, at=ago(2))
        sequencing.enrol(lead, cadence, by=ana, at=ago(1))
    merging.leads(keep, other, by=ana, at=now())
    assert Enrolment.objects.active().filter(lead=keep).count() == 1
    assert not Enrolment.objects.active().filter(lead=other).exists()
    merging.leads(keep, third, by=ana, at=now())
    assert not Enrolment.objects.active().filter(lead=third).exists()


def test_the_database_knows_no_circles_of_one_and_no_second_merge_of_a_row(ana):
    one, two = person("One"), person("Two")
    merging.people(one, two, by=ana, at=now())
    with pytest.raises(IntegrityError), transaction.atomic():
        Person.objects.filter(pk=one.pk).update(merged_into=one)
    with pytest.raises(IntegrityError), transaction.atomic():
        Merge.objects.create(kind="person", keep=one.pk, other=two.pk, at=now())


def test_check_ledger_names_a_pointer_without_a_merge_and_a_merge_without_a_pointer(ana, capsys):
    one, two, three = person("One"), person("Two"), person("Three")
    merging.people(one, two, by=ana, at=now())
    call_command("check_ledger")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE leads_person SET merged_into_id = NULL WHERE id = %s", [two.pk])
        cursor.execute("UPDATE leads_person SET merged_into_id = %s WHERE id = %s", [one.pk, three.pk])
    with pytest.raises(CommandError, match="2 discrepancies"):
        call_command("check_ledger")
    told = capsys.readouterr().err
    assert f"person {two.pk}: merged, but it does not point anywhere" in told
    assert f"person {three.pk}: merged, but no merge says so" in told


def test_a_deal_of_a_merged_person_goes_on(ana):
    pipeline = make_pipeline()
    deal = make_deal(pipeline=pipeline, lead=make_lead(name="Twin", email="twin@example.com", by=ana), by=ana)
    kim = person(email="kim@example.com")
    merging.people(kim, deal.person, by=ana, at=now())
    deal.refresh_from_db()
    to = pipeline.stages.open().order_by("position")[1]
    deal_moving.move(deal, to=to, by=ana, at=now())
    assert (deal.stage, deal.person) == (to, kim)


@pytest.mark.parametrize("verb", ["people", "leads", "join"])
def test_cadences_are_locked_before_leads_and_leads_before_people_so_nobody_waits_crosswise(ana, verb):
    one, other = make_lead(by=ana, name="Kim"), make_lead(by=ana, name="Kimberly")
    both = (one.person, other.person) if verb == "people" else (one, other)
    with CaptureQueriesContext(connection) as asked:
        getattr(merging, verb)(*both, by=ana, at=now())
    locks = [query["sql"].split(" FROM ")[1].split('"')[1] for query in asked if "FOR UPDATE" in query["sql"]]
    assert locks[:2] == ["leads_enrolment", "leads_lead"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_in_whatever_order_two_merges_are_undone_the_first_value_returns(ana, order):
    kim, home, work = person(email="kim@a.example"), person(email="kim@b.example"), person(email="kim@c.example")
    merges = [merging.people(kim, one, choices={"email": "other"}, by=ana, at=now()) for one in (home, work)]
    for which in order:
        merging.undo(merges[which], by=ana, at=now())
    kim.refresh_from_db()
    assert kim.email == "kim@a.example"
