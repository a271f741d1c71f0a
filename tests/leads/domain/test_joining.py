"""Two leads that are one become one; two companies that are one become one, and their leads stay two."""

import pytest

from leads.domain import joining, merging, qualifying
from leads.models import Lead, Likeness, Merge, Organisation, Person
from pipeline_crm.foundation.stage_log import discrepancies
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def kim():
    return make_lead(name="Kim Sato", email="kim@juniper.example", phone="030 123456", organisation="Juniper Foods")


def joined(by=None) -> Lead:
    return joining.join(Likeness.objects.get(), by=by or make_user(team=make_team()), at=ago(0))


def test_the_newer_lead_goes_into_the_older_one_and_their_people_become_one(kim):
    other = make_lead(name="K. Sato", email="ks@mail.example", phone="+49 30 123456", organisation="Evergreen")
    assert joined() == kim
    assert Lead.objects.get(pk=other.pk).standing == kim
    assert list(Person.objects.known()) == [kim.person]
    assert Organisation.objects.known().count() == 2  # a phone in common makes no company the same
    assert not Likeness.objects.open().exists() and not list(discrepancies(Lead))


def test_undoing_the_merge_asks_again(kim):
    make_lead(name="K. Sato", email="ks@mail.example", phone="+49 30 123456", organisation="Evergreen")
    joined()
    for merge in Merge.objects.order_by("-pk"):
        merging.undo(merge, by=make_user(team=make_team()), at=ago(0))
    assert Likeness.objects.open().count() == 1 and Person.objects.known().count() == 2


def test_of_two_companies_only_the_companies_become_one(kim):
    other = make_lead(name="Ana Berg", organisation="Juniper Food GmbH")
    assert Likeness.objects.get().is_about_companies
    assert joined() == kim
    other.refresh_from_db()
    assert (other.merged_into, other.person.name, other.organisation) == (None, "Ana Berg", kim.organisation)
    assert Person.objects.known().count() == 2 and not Likeness.objects.open().exists()


def test_the_same_name_at_two_spellings_of_a_company_is_one_person_there(kim):
    make_lead(name="Kim Sato", organisation="Juniper Food GmbH")
    assert joined() == kim
    assert (Lead.objects.unmerged().count(), Person.objects.known().count(), Organisation.objects.known().count()) == (
        1, 1, 1,
    )  # fmt: skip


def test_the_lead_that_sales_had_is_kept(kim):
    other = make_lead(name="Lee", phone="030 123456", organisation="Evergreen")
    qualifying.accept(other, by=None, at=ago(1))
    assert joined() == other


def test_two_leads_that_sales_had_stay_two_stories_of_one_person(kim):
    other = make_lead(name="Lee", phone="030 123456", organisation="Evergreen")
    for lead in (kim, other):
        qualifying.accept(lead, by=None, at=ago(1))
    joined()
    assert Lead.objects.unmerged().count() == 2 and list(Person.objects.known()) == [kim.person]
    assert not Likeness.objects.open().exists()
