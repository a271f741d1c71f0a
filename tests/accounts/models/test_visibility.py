import pytest
from django.contrib.auth.models import AnonymousUser

from pipeline_crm.accounts.models import Team, User
from pipeline_crm.accounts.rules import changes_card, markets
from tests.accounts.people import four_people, person
from tests.factories import make_lead

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene():
    """Ana's lead in North, one of North that nobody owns, one of Ana's outside any team, and one that is nobody's."""
    people = four_people()
    north = Team.objects.get(name="North")
    leads = {
        "anas": make_lead(owner=people[0], team=north),
        "unowned": make_lead(team=north),
        "private": make_lead(owner=people[0]),
        "nobodys": make_lead(),
    }
    type(leads["private"]).objects.filter(pk=leads["private"].pk).update(team=None)
    leads["private"].refresh_from_db()
    return people, leads


def seen_by(user, leads) -> set[str]:
    visible = set(type(leads["anas"]).objects.visible_to(user).values_list("pk", flat=True))
    return {name for name, lead in leads.items() if lead.pk in visible}


def test_people_see_their_own_and_their_teams_and_admins_everything(scene):
    (ana, ben, cleo, dora), leads = scene
    assert seen_by(ana, leads) == {"anas", "unowned", "private"}
    assert seen_by(ben, leads) == {"anas", "unowned"}
    assert seen_by(cleo, leads) == set()
    assert seen_by(dora, leads) == {"anas", "unowned", "private", "nobodys"}


def test_who_is_deactivated_or_not_signed_in_sees_nothing(scene):
    (ana, *_), leads = scene
    User.objects.filter(pk=ana.pk).update(is_active=False)
    assert seen_by(User.objects.get(pk=ana.pk), leads) == set()
    assert seen_by(AnonymousUser(), leads) == set()


def test_owners_leaders_and_admins_change_a_card_and_the_team_takes_what_is_nobodys(scene):
    (ana, ben, cleo, dora), leads = scene
    eve = person("Eve", Team.objects.get(name="North"), "marketer")
    may = {name: {p.name for p in (ana, ben, cleo, dora, eve) if changes_card(p, card)} for name, card in leads.items()}
    assert may == {
        "anas": {"Ana", "Ben", "Dora"},
        "unowned": {"Ana", "Ben", "Dora", "Eve"},
        "private": {"Ana", "Dora"},
        "nobodys": {"Dora"},
    }
    assert markets(eve, leads["anas"])
    assert not markets(ana, leads["anas"])
