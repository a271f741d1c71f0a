"""The pages of people and organisations, and merging on them."""

import pytest
from django.utils import timezone

from deals.domain import closing
from leads.domain import merging, moving
from leads.models import Lead, LeadStage, Merge, Organisation, Person
from pipeline_crm.accounts.models import Role
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_reason, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def team():
    return make_team("North")


@pytest.fixture
def mina(team, client):
    """A marketer, signed in."""
    user = make_user(name="Mina", team=team, role=Role.MARKETER)
    client.force_login(user)
    return user


def test_people_are_found_by_every_word(mina, client):
    make_lead(name="Kim Park", email="kim@juniper.example", organisation="Juniper")
    make_lead(name="Kim Sato", email="sato@other.example", organisation="Other")
    assert [person.name for person in client.get("/people/?q=kim+juniper").context["people"]] == ["Kim Park"]
    assert client.get("/people/?nonsense=1").status_code == 422


def test_neither_merged_nor_erased_people_are_listed(mina, client):
    people = [Person.objects.create(name=name) for name in ("Kim", "Twin", "Gone")]
    merging.people(people[0], people[1], by=mina, at=timezone.now())
    Person.objects.filter(pk=people[2].pk).update(erased_at=timezone.now())
    assert [person.name for person in client.get("/people/").context["people"]] == ["Kim"]


def test_the_address_of_who_was_merged_leads_to_the_record_that_is_kept(mina, client):
    kim, twin = Person.objects.create(name="Kim"), Person.objects.create(name="Twin")
    acme, limited = Organisation.objects.create(name="Acme"), Organisation.objects.create(name="Acme Ltd")
    keep, other = make_lead(owner=mina), make_lead(owner=mina)
    merging.people(kim, twin, by=mina, at=timezone.now())
    merging.organisations(acme, limited, by=mina, at=timezone.now())
    merging.leads(keep, other, by=mina, at=timezone.now())
    for gone, kept in (
        (f"/people/{twin.pk}/", f"/people/{kim.pk}/"),
        (f"/organisations/{limited.pk}/", f"/organisations/{acme.pk}/"),
        (f"/leads/{other.pk}/", f"/leads/{keep.pk}/"),
    ):
        assert client.get(gone).url == kept
        assert client.get(kept).status_code == 200


def test_merging_asks_for_the_other_shows_what_would_happen_and_does_it(mina, client):
    kim = Person.objects.create(name="Kim", email="kim@old.example")
    twin = make_lead(name="Kim Park", email="kim@new.example", owner=mina).person
    address = f"/people/{kim.pk}/merging/"
    assert [one.pk for one in client.get(f"{address}?q=park").context["found"]] == [twin.pk]
    shown = client.get(f"{address}?with={twin.pk}")
    assert set(shown.context["form"].fields) == {"name", "email", "organisation"}
    assert client.post(address, {"with": twin.pk, "name": "other"}).status_code == 422
    choices = {"name": "other", "email": "keep", "organisation": "other"}
    assert client.post(address, {"with": twin.pk, **choices}).url == f"/people/{kim.pk}/"
    kim.refresh_from_db()
    assert (kim.name, kim.email, kim.organisation, kim.leads.count()) == (
        "Kim Park", "kim@old.example", twin.organisation, 1
    )  # fmt: skip


def test_a_merge_is_undone_on_the_page_of_the_record_that_is_kept(mina, client):
    kim, twin = Person.objects.create(name="Kim"), Person.objects.create(name="Twin")
    merge = merging.people(kim, twin, by=mina, at=timezone.now())
    assert f"/merges/{merge.pk}/undoing/" in client.get(f"/people/{kim.pk}/").content.decode()
    assert client.post(f"/merges/{merge.pk}/undoing/").url == f"/people/{kim.pk}/"
    assert not Merge.objects.standing().exists()
    assert f"/merges/{merge.pk}/undoing/" not in client.get(f"/people/{kim.pk}/").content.decode()


def test_of_two_leads_the_one_that_sales_had_is_kept_from_whichever_one_comes(mina, client, team):
    accepted = make_deal(pipeline=make_pipeline(), lead=make_lead(owner=mina), owner=mina).lead
    fresh = make_lead(owner=mina, title="Roof")
    shown = client.get(f"/leads/{fresh.pk}/merging/?with={accepted.pk}")
    assert (shown.context["preview"].keep, shown.context["preview"].other) == (accepted, fresh)
    choices = dict.fromkeys(shown.context["form"].fields, "keep")
    answer = client.post(f"/leads/{fresh.pk}/merging/", {"with": shown.context["named"], **choices})
    assert answer.url == f"/leads/{accepted.pk}/"
    fresh.refresh_from_db()
    assert fresh.merged_into == accepted


@pytest.mark.parametrize("whose", ["a stranger's", "a teammate's"])
def test_only_leads_that_one_may_change_are_merged(client, team, whose):
    ana = make_user(name="Ana", team=team)
    fay = make_user(name="Fay", team=team if whose == "a teammate's" else make_team("South"))
    own, foreign = make_lead(owner=ana, team=team), make_lead(owner=fay, by=fay)
    client.force_login(ana)
    status = 403 if whose == "a teammate's" else 404
    for answer in (
        client.get(f"/leads/{own.pk}/merging/?with={foreign.pk}"),
        client.post(f"/leads/{own.pk}/merging/", {"with": foreign.pk}),
    ):
        assert answer.status_code == status
    assert not Lead.objects.exclude(merged_into=None).exists()


@pytest.mark.parametrize("kind", ["people", "organisations"])
def test_a_sales_person_merges_no_people_and_organisations(client, team, kind):
    client.force_login(make_user(team=team))
    model = Person if kind == "people" else Organisation
    one, another = model.objects.create(name="One"), model.objects.create(name="Another")
    assert client.get(f"/{kind}/{one.pk}/").status_code == 200
    assert client.post(f"/{kind}/{one.pk}/merging/", {"with": another.pk}).status_code == 403
    merge = getattr(merging, kind)(one, another, by=None, at=timezone.now())
    assert client.post(f"/merges/{merge.pk}/undoing/").status_code == 403


def test_two_leads_that_sales_had_are_refused_in_a_sentence(mina, client):
    pipeline = make_pipeline()
    one, another = (make_deal(pipeline=pipeline, lead=make_lead(owner=mina)).lead for _ in range(2))
    answer = client.get(f"/leads/{one.pk}/merging/?with={another.pk}")
    assert (answer.status_code, "two stories of one prospect" in answer.content.decode()) == (409, True)


def test_a_merged_lead_shows_its_history_with_the_one_that_is_kept(mina, client):
    keep, other = make_lead(owner=mina, by=mina), make_lead(owner=mina, by=mina)
    moving.move(other, to=LeadStage.QUALIFICATION, by=mina, at=ago(3))
    merging.leads(keep, other, by=mina, at=timezone.now())
    shown = client.get(f"/leads/{keep.pk}/").context["panel"].timeline
    assert sorted(entry["event"].to_stage for entry in shown if entry["kind"] == "step") == [
        "generation", "generation", "qualification",
    ]  # fmt: skip


def test_the_organisation_page_counts_what_other_teams_have(mina, client, team):
    stranger = make_user(team=make_team("South"))
    seen = make_lead(owner=mina, organisation="Acme", name="Kim", email="kim@acme.example")
    make_lead(owner=stranger, by=stranger, organisation="Acme")
    answer = client.get(f"/organisations/{seen.organisation_id}/")
    assert ([lead.pk for lead in answer.context["found"].leads], answer.context["found"].hidden) == ([seen.pk], 1)
    assert [person.name for person in answer.context["found"].people] == ["Kim"]


def test_deals_with_a_person_or_an_organisation_are_those_one_may_see(mina, client, team):
    pipeline = make_pipeline()
    lead = make_lead(owner=mina, organisation="Acme", name="Kim", email="kim@acme.example")
    deal = make_deal(pipeline=pipeline, lead=lead, owner=mina)
    stranger = make_user(team=make_team("South"))
    closing.lose(deal, reason=make_reason(), by=mina, at=ago(1))
    hidden = make_deal(pipeline=pipeline, lead=lead, owner=stranger, team=stranger.memberships.get().team, by=stranger)
    for address in (f"/people/{lead.person_id}/deals/", f"/organisations/{lead.organisation_id}/deals/"):
        answer = client.get(address)
        assert ([one.pk for one in answer.context["deals"]], answer.context["hidden"]) == ([deal.pk], 1)
    assert hidden.person_id == lead.person_id


def test_a_board_that_is_open_loses_the_card_of_a_merged_lead(mina, client):
    keep, other = make_lead(owner=mina, by=mina), make_lead(owner=mina, by=mina)
    merging.leads(keep, other, by=mina, at=timezone.now())
    answer = client.get(f"/marketing/cards/?ids={keep.pk},{other.pk}", headers={"HX-Request": "true"})
    assert {one.pk: bool(one.card) for one in answer.context["arrivals"]} == {keep.pk: True, other.pk: False}
