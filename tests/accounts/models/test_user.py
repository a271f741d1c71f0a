import pytest
from django.db import IntegrityError, connection

from pipeline_crm.accounts.models import Membership, Team, User
from tests.accounts.people import four_people

pytestmark = pytest.mark.django_db


def test_an_address_is_one_persons_in_any_case():
    User.objects.create_user("Ana@Example.org")
    assert User.objects.get_by_natural_key("ANA@example.ORG").email == "ana@example.org"
    with pytest.raises(IntegrityError):
        User(email="ANA@example.org").save()


def test_without_a_password_nobody_can_sign_in():
    assert not User.objects.create_user("ana@example.org").has_usable_password()


@pytest.mark.parametrize(
    ("name", "initials"), [("Ana Reyes", "AR"), ("Ana", "A"), ("Ana de la Cruz", "AC"), ("", "AR"), ("  ", "AR")]
)
def test_initials(name, initials):
    assert User(email="ana.reyes@example.org", name=name.strip()).initials == initials


def test_roles_are_of_a_team():
    ana, ben, _cleo, dora = four_people()
    north, south = Team.objects.get(name="North").pk, Team.objects.get(name="South").pk
    assert (ben.leads_team(north), ben.leads_team(south), ben.leads_team(None)) == (True, False, False)
    assert not ana.leads_team(north)
    assert (dora.is_admin, ben.is_admin) == (True, False)
    assert (ana.has_role("rep"), ana.has_role("rep", south), ana.has_role("marketer")) == (True, False, False)


def test_roles_are_asked_once_however_often_they_are_needed(django_assert_num_queries):
    ben = User.objects.get(pk=four_people()[1].pk)
    with django_assert_num_queries(1):
        for _ in range(3):
            assert ben.is_admin is False
            assert ben.leads_team(ben.team_ids[0])


def test_the_database_knows_the_roles():
    ana = four_people()[0]
    with pytest.raises(IntegrityError, match="membership_role_is_known"), connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_membership SET role = 'king' WHERE user_id = %s", [ana.pk])


def test_a_person_has_one_role_in_a_team():
    ana = four_people()[0]
    with pytest.raises(IntegrityError, match="membership_is_one_per_person_and_team"):
        Membership.objects.create(user=ana, team_id=ana.team_ids[0], role="manager")
