"""Who comes in by a file is known by e-mail at once, and compared by phone and company afterwards."""

import pytest
from django.utils import timezone

from leads.models import Lead, Likeness, Organisation, Person
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_deal, make_lead, make_pipeline

from .shapes import PLAIN, bring_in

pytestmark = pytest.mark.django_db
HEAD = "Key,Stage,Account,Person,Mail,Phone\n"
MAPPING = {
    **PLAIN,
    "columns": {
        "key": "Key", "stage": "Stage", "organisation": "Account", "person": "Person", "email": "Mail",
        "phone": "Phone",
    },
}  # fmt: skip


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deals.csv"


@pytest.fixture
def kim():
    return make_lead(name="Kim Sato", email="kim@juniper.example", phone="030 123456", organisation="Juniper Foods")


def compared() -> dict:
    job = Job.objects.get(kind="leads.recognise")
    assert running.run(job.pk, clock=timezone.now) == "done"
    job.refresh_from_db()
    return job.result


def test_people_of_a_file_have_their_phone_number_and_one_address_is_one_person(file):
    rows = "1,Proposal,Kite,Ana,ana@kite.example,\n2,Proposal,Kite,Ana Berg,ANA@kite.example,030 999999\n"
    bring_in(file, HEAD + rows + "3,Proposal,Kite,Bob,,+41 44 668 18 00\n", MAPPING)
    people = Person.objects.order_by("id").values_list("name", "phone", "phone_e164")
    assert list(people) == [("Ana", "", ""), ("Bob", "+41 44 668 18 00", "+41446681800")]


def test_a_known_address_joins_and_the_rest_is_compared_by_a_job(file, kim):
    rows = (
        "1,Proposal,Juniper Foods,Kim,KIM@juniper.example,\n"
        "2,Proposal,Kite,Lee,lee@kite.example,+49 30 123456\n"
        "3,Proposal,Juniper Food GmbH,Ana,ana@juniper.example,\n"
        "4,Proposal,Juniper Food GmbH,Bob,bob@juniper.example,\n"
        "5,Proposal,Evergreen,Cem,cem@evergreen.example,\n"
    )
    bring_in(file, HEAD + rows, MAPPING)
    assert Person.objects.filter(email__iexact="kim@juniper.example").count() == 1 and not Likeness.objects.exists()
    assert compared() == {"compared": 4, "found": 2}
    pairs = Likeness.objects.order_by("id").values_list("lead__person__name", "like", "signs")
    assert list(pairs) == [("Lee", kim.pk, ["phone"]), ("Ana", kim.pk, ["company"])]


def test_two_deals_with_one_person_are_two_stories_and_no_suspicion(file, kim):
    make_deal(pipeline=make_pipeline(), lead=kim, at=ago(2))
    bring_in(file, HEAD + "1,Proposal,Juniper Foods,Kim,kim@juniper.example,\n2,Proposal,Kite,,,\n", MAPPING)
    assert compared()["found"] == 0 and Lead.objects.filter(person=kim.person).count() == 2


def test_what_was_merged_is_found_as_what_it_was_merged_into(file, kim):
    other = Organisation.objects.create(name="Juniper Food", merged_into=kim.organisation)
    Person.objects.create(name="K.", email="k@juniper.example", merged_into=kim.person)
    bring_in(file, HEAD + "1,Proposal,Juniper Food,K.,k@juniper.example,\n", MAPPING)
    lead = Lead.objects.latest("pk")
    assert (lead.person, lead.organisation) == (kim.person, kim.organisation) and not other.leads.exists()


def test_a_run_that_brings_nothing_compares_nothing(file):
    bring_in(file, HEAD + "1,Proposal,Kite,,,\n", MAPPING)
    bring_in(file, HEAD + "1,Proposal,Kite,,,\n", MAPPING)
    assert Job.objects.filter(kind="leads.recognise").count() == 1
