"""Who comes in is compared with those we have: by address, number, name and company."""

import pytest

from leads.domain import describing, qualifying, recognising
from leads.domain.recognising import Newcomer, alike, join, suspect, tell_apart
from leads.models import Lead, Likeness, Organisation, Person
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def kim():
    return make_lead(name="Kim Sato", email="kim@juniper.example", phone="030 123456", organisation="Juniper Foods")


@pytest.mark.parametrize(
    ("said", "signs"),
    [
        (Newcomer(email="KIM@juniper.example"), ["email", "company"]),
        (Newcomer(name="K. S.", email="k@other.example", phone="+49 30 12 34 56"), ["phone"]),
        (Newcomer(name="Kim Satoh", organisation="juniper foods"), ["name"]),
        (Newcomer(organisation="Juniper Foods"), ["company"]),
        (Newcomer(name="Ana Berg", organisation="Juniper Food GmbH"), ["company"]),
        (Newcomer(name="Ana Berg", email="ana@juniper.example", organisation="Juniper Int."), ["company"]),
        (Newcomer(name="Kim Sato", organisation="Juniper Food GmbH"), ["name"]),
        (Newcomer(name="Ana Berg", email="ana@juniper.example", organisation="Juniper Foods"), []),
        (Newcomer(name="Ana Berg", organisation="Juniper Foods"), []),
        (Newcomer(name="Kim Sato"), []),
        (Newcomer(name="Ana", email="ana@gmail.com", organisation="Evergreen"), []),
        (Newcomer(), []),
    ],
)
def test_the_signs_by_which_somebody_is_perhaps_the_same(kim, said, signs):
    assert [(match.lead, [*match.signs]) for match in alike(said)] == ([(kim, signs)] if signs else [])


def test_a_company_is_known_by_its_web_address_too(kim):
    describing.describe(kim.organisation, domain="www.juniper.test", by=None, at=ago(1))
    assert [match.lead for match in alike(Newcomer(name="Ana", email="ana@juniper.test"))] == [kim]


def test_of_many_with_the_same_words_the_likest_is_found(kim):
    Organisation.objects.bulk_create(Organisation(name=f"{word} Foods") for word in ("Larch", "Maple", "Olive") * 40)
    assert [match.lead for match in alike(Newcomer(organisation="Juniper Food"))] == [kim]


def test_only_those_that_go_on_and_that_one_sees_are_named(kim):
    stranger = make_user(team=make_team())
    said = Newcomer(email="kim@juniper.example")
    kim.team = make_team()
    kim.save(update_fields=["team"])
    among = Lead.objects.filter(pk__in=Lead.objects.visible_to(stranger))
    assert len(alike(said)) == 1 and len(alike(said, among=among)) == (kim in Lead.objects.visible_to(stranger))
    assert alike(said, among=Lead.objects.none()) == []
    qualifying.disqualify(kim, reason="A student", by=None, at=ago(1))
    assert alike(said) == []


def test_the_surest_first_then_the_newest_and_of_another_company_one_for_all(kim):
    newer = make_lead(name="Lee", email="lee@x.example", phone="+4930123456", organisation="Evergreen")
    make_lead(name="Ana", email="ana@juniper.example", organisation="Juniper Foods")
    make_lead(name="Bob", email="bob@juniper.example", organisation="Juniper Foods")
    said = Newcomer(name="Kim", email="kim@juniper.example", phone="030 123456", organisation="Juniper Food Ltd")
    found = alike(said)
    assert [match.lead for match in found][:2] == [kim, newer]
    assert [[*match.signs] for match in found] == [["email", "phone", "company"], ["phone"], ["company"]]


def test_adding_a_lead_writes_down_whom_it_is_perhaps_the_same_as(kim):
    assert not Likeness.objects.exists()
    other = make_lead(name="K. Sato", email="ks@mail.example", phone="0049 30 123456", organisation="Evergreen")
    pair = Likeness.objects.get()
    assert (pair.lead, pair.like, pair.signs, pair.words) == (other, kim, ["phone"], ["same phone number"])
    assert [one.other_than(kim) for one in Likeness.objects.open().of(kim)] == [other]
    suspect(other, at=ago(0))
    suspect(kim, at=ago(0))
    assert Likeness.objects.count() == 1


def test_that_two_companies_look_like_one_is_said_once(kim):
    for name in ("Ana Berg", "Bob Hill", "Cem Ivers"):
        make_lead(name=name, organisation="Juniper Food GmbH")
    assert list(Likeness.objects.values_list("lead__person__name", "like__person__name")) == [("Ana Berg", "Kim Sato")]


def test_who_was_told_apart_stays_apart(kim):
    by = make_user(team=make_team())
    other = make_lead(name="Lee", phone="030 123456", organisation="Evergreen")
    tell_apart(kim, [other], by=by, at=ago(2))
    tell_apart(other, [kim], by=None, at=ago(1))
    suspect(other, at=ago(0))
    pair = Likeness.objects.get()
    assert (pair.told_apart_by, pair.told_apart_at < ago(1)) == (by, True)
    assert not Likeness.objects.open().exists()


def test_pairs_of_which_one_has_ended_are_not_asked_about(kim):
    other = make_lead(name="Lee", phone="030 123456", organisation="Evergreen")
    assert Likeness.objects.open().count() == 1
    qualifying.disqualify(other, reason="A student", by=None, at=ago(0))
    assert not Likeness.objects.open().exists()


def test_joining_adds_a_note_and_a_touch_and_fills_in_only_what_was_not_known(kim):
    by = make_user(team=make_team())
    Person.objects.filter(pk=kim.person.pk).update(phone="", phone_e164="")
    kim.person.refresh_from_db()
    said = Newcomer(name="Kimi", email="kim@juniper.example", phone="030 777777", organisation="Juniper Food")
    join(kim, said, words="Wants prices", by=by, at=ago(0))
    person = Person.objects.get()
    assert (person.name, person.phone, person.phone_e164) == ("Kim Sato", "030 777777", "+4930777777")
    assert kim.activities.get().outcome == "Came in again.\nKimi\n030 777777\nJuniper Food\nWants prices"
    assert kim.touches.values_list("kind", "what").get() == ("joined", "Wants prices")
    assert (Lead.objects.count(), Organisation.objects.count()) == (1, 1)


def test_recognising_asks_as_often_for_many_as_for_one(kim, django_assert_max_num_queries):
    for n in range(20):
        make_lead(name=f"Colleague {n}", email=f"c{n}@juniper.example", organisation="Juniper Foods")
    with django_assert_max_num_queries(8):
        alike(Newcomer(name="Kim", email="kim@juniper.example", phone="030 123456", organisation="Juniper Food"))


def test_what_is_said_is_told_only_where_we_have_it_otherwise(kim):
    assert recognising.unknown_of(kim, Newcomer("kim sato", "KIM@juniper.example", "030 123456", "JUNIPER FOODS")) == []
    assert recognising.unknown_of(kim, Newcomer(phone="+49 30 123456")) == []
    assert recognising.unknown_of(kim, Newcomer("Kim S.", phone="040 1")) == ["Kim S.", "040 1"]
