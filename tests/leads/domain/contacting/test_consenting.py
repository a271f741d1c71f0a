from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from leads.domain import qualifying
from leads.domain.contacting import consenting
from leads.models import Basis, Channel, Consent, ConsentProof, LeadStage, Purpose
from tests.factories import ago, make_lead, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def lead():
    return make_lead(name="Kim", email="kim@juniper.example")


def test_a_basis_is_recorded_for_each_purpose_with_its_proof(lead):
    ana = make_user()
    consenting.record(lead.person, ["offers", "news"], words="Yes please", page="https://x.example/", by=ana, at=ago(1))
    assert consenting.basis_for(lead.person, "offers").basis == Basis.CONSENT
    assert consenting.basis_for(lead.person, "events") is None
    assert set(ConsentProof.objects.values_list("words", "page")) == {("Yes please", "https://x.example/")}


def test_without_proof_there_is_no_basis(lead):
    with pytest.raises(consenting.ProofNeeded):
        consenting.record(lead.person, ["offers"], basis=Basis.INTEREST, words="  ", by=None, at=ago(1))
    assert not Consent.objects.exists()


def test_the_newest_word_counts(lead):
    consenting.record(lead.person, ["offers", "news"], words="Yes", by=None, at=ago(3))
    consenting.withdraw(lead.person, purposes=["offers"], channel=Channel.MAIL, at=ago(2))
    assert consenting.basis_for(lead.person, "offers") is None
    assert consenting.basis_for(lead.person, "news") is not None
    consenting.record(lead.person, ["offers"], words="After all", by=None, at=ago(1))
    assert consenting.basis_for(lead.person, "offers") is not None


def test_who_wants_nothing_more_leaves_the_board_and_saying_it_twice_changes_nothing(lead):
    consenting.record(lead.person, Purpose.values, words="Yes", by=None, at=ago(3))
    consenting.withdraw(lead.person, at=ago(2))
    consenting.withdraw(lead.person, at=ago(1))
    lead.refresh_from_db()
    assert (lead.stage, lead.seq, Consent.objects.count()) == (LeadStage.UNSUBSCRIBED, 2, 6)
    assert consenting.has_left(lead.person)


def test_leaving_holds_for_everyone_recorded_with_the_address(lead):
    twin = make_lead(name="K. Sato", organisation="Elsewhere")
    twin.person.email = "KIM@Juniper.example"
    twin.person.save()
    consenting.record(twin.person, Purpose.values, words="Yes", by=None, at=ago(3))
    consenting.withdraw(lead.person, at=ago(2))
    twin.refresh_from_db()
    assert consenting.basis_for(twin.person, "offers") is None
    assert twin.stage == LeadStage.UNSUBSCRIBED


def test_a_lead_that_sales_works_on_stays_with_sales(lead):
    qualifying.accept(lead, by=None, at=ago(5))
    consenting.withdraw(lead.person, at=ago(2))
    lead.refresh_from_db()
    assert lead.stage == LeadStage.ACCEPTED and consenting.has_left(lead.person)


def test_who_was_unsubscribed_on_the_board_is_written_to_again_only_after_a_new_consent(lead):
    consenting.record(lead.person, ["offers"], words="Yes", by=None, at=ago(3))
    qualifying.unsubscribe(lead, by=None, at=ago(2))
    assert consenting.basis_for(lead.person, "offers") is None
    consenting.record(lead.person, ["offers"], basis=Basis.INTEREST, words="Our guess", by=None, at=ago(1))
    assert consenting.basis_for(lead.person, "offers") is None
    consenting.record(lead.person, ["offers"], words="Yes, again", by=None, at=ago(1) + timedelta(hours=1))
    assert consenting.basis_for(lead.person, "offers") is not None


@pytest.mark.parametrize("change", ["UPDATE leads_consent SET basis = 'consent'", "DELETE FROM leads_consent"])
def test_what_was_said_is_never_changed(lead, change):
    consenting.withdraw(lead.person, at=ago(2))
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
