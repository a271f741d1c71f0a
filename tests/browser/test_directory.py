"""People and organisations in a real browser: quiet and accessible, merged and undone, erased when asked twice."""

import pytest
from playwright.sync_api import expect

from leads.domain import merging, noting
from leads.domain.contacting import consenting
from leads.models import Person
from pipeline_crm.accounts.models import Role
from tests.browser.conftest import DESK, PHONE
from tests.browser.test_accessibility import violations
from tests.factories import ago, make_deal, make_lead, make_pipeline, make_team, make_user

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene():
    """Kim is known twice, and Juniper too."""
    team = make_team("North")
    ada = make_user(name="Ada Lind", team=team, role=Role.ADMIN)
    facts = {"by": ada, "owner": ada, "team": team}
    lead = make_lead(
        name="Kim Sato", email="kim@juniper.example", organisation="Juniper", title="Roof", at=ago(40), **facts
    )
    consenting.record(lead.person, ["offers"], words="Yes", by=ada, at=ago(39))
    noting.note(lead, text="Prefers Thursdays", by=ada, at=ago(38))
    make_deal(pipeline=make_pipeline(), lead=lead, owner=ada, team=team, by=ada)
    twin = make_lead(name="K. Sato", email="k.sato@juniper.example", organisation="Juniper Ltd", at=ago(20), **facts)
    third = make_lead(name="Kim S", email="kim.s@juniper.example", organisation="Juniper", at=ago(10), **facts)
    merging.people(lead.person, third.person, by=ada, at=ago(5))
    return ada, lead, twin


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_of_people_are_accessible_and_quiet(open_page, scene, size, scheme):
    ada, lead, twin = scene
    paths = [
        "/people/", f"/people/{lead.person_id}/", f"/people/{lead.person_id}/deals/",
        f"/people/{lead.person_id}/merging/?q=sato", f"/people/{lead.person_id}/merging/?with={twin.person_id}",
        f"/people/{lead.person_id}/erasure/", "/organisations/?q=juniper", f"/organisations/{lead.organisation_id}/",
        f"/organisations/{lead.organisation_id}/merging/?with={twin.organisation_id}",
        f"/leads/{twin.pk}/merging/?with={lead.pk}",
    ]  # fmt: skip
    page = open_page(ada, paths[0], size=size, scheme=scheme)
    faults = []
    for path in paths:
        page.goto(path)
        expect(page.locator("[hx-trigger=load]")).to_have_count(0)
        faults += [f"{path}: {fault}" for fault in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{path} scrolls sideways")
    assert not faults + page.faults, "\n".join(faults + page.faults)


def test_two_leads_become_one_from_the_panel_and_two_people_again_on_the_page(open_page, scene):
    ada, lead, twin = scene
    page = open_page(ada, f"/leads/{twin.pk}/", size=DESK)
    page.get_by_role("link", name="Merge with another lead").click()
    page.get_by_label("Search").fill("kim roof")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Compare Kim Sato").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Merge K. Sato into Kim Sato")
    page.get_by_role("button", name="Make them one").click()
    expect(page.get_by_text("They are one record now.")).to_be_visible()
    expect(page.get_by_text("On a lead that was merged into this one")).to_have_count(1)

    page.goto(f"/people/{lead.person_id}/")
    page.get_by_role("button", name="Undo Kim S").click()
    expect(page.get_by_text("They are two records again.")).to_be_visible()


def test_a_person_is_erased_when_asked_twice(open_page, scene):
    ada, lead, _twin = scene
    page = open_page(ada, f"/people/{lead.person_id}/", size=DESK)
    expect(page.get_by_text("Prefers Thursdays")).to_be_visible()
    page.get_by_role("link", name="Erase…").click()
    page.get_by_label("I know that this cannot be undone").check()
    page.get_by_role("button", name="Erase for good").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Erased person")
    expect(page.get_by_text("Prefers Thursdays")).to_have_count(0)
    assert Person.objects.get(pk=lead.person_id).email == ""
