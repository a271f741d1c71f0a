import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection

from pipeline_crm.accounts.domain import membership
from pipeline_crm.accounts.models import Change, Membership, Team, User
from tests.accounts.people import four_people, person

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def test_an_invited_person_has_a_role_and_no_password_yet():
    *_, dora = four_people()
    north = Team.objects.get(name="North")
    fay = membership.invite(email="Fay@example.org", name="Fay Oduya", team=north, role="marketer", by=dora, at=AT)
    assert (fay.email, fay.roles, fay.has_usable_password()) == ("fay@example.org", [(north.pk, "marketer")], False)
    assert list(Change.objects.values_list("field", "after", "by", "at")) == [
        ("is_active", True, dora.pk, AT),
        (f"role in team {north.pk}", "marketer", dora.pk, AT),
    ]


def test_an_address_already_here_is_refused_and_a_former_colleague_comes_back():
    ana, *_, dora = four_people()
    south = Team.objects.get(name="South")
    with pytest.raises(membership.AlreadyHere, match="Ana"):
        membership.invite(email="ANA@example.org", name="X", team=south, role="rep", by=dora, at=AT)
    membership.deactivate(ana, by=dora, at=AT)
    again = membership.invite(email="ana@example.org", name="X", team=south, role="rep", by=dora, at=AT)
    assert (again, again.is_active, again.name) == (ana, True, "Ana")


@pytest.mark.parametrize("act", ["deactivate", "leave", "demote"])
def test_the_last_administrator_stays(act):
    *_, dora = four_people()
    own = dora.memberships.get()
    own_pk = own.pk
    with pytest.raises(membership.LastAdministrator):
        if act == "deactivate":
            membership.deactivate(dora, by=dora, at=AT)
        elif act == "leave":
            membership.leave(own, by=dora, at=AT)
        else:
            membership.join(dora, team=own.team, role="rep", by=dora, at=AT)
    assert User.objects.get(pk=dora.pk).is_active
    assert Membership.objects.get(pk=own_pk).role == "admin"
    assert not Change.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_remove_each_other_at_once_leave_one():
    *_, dora = four_people()
    eli = person("Eli", Team.objects.get(name="North"), "admin")
    refused = []

    def remove(who, by):
        try:
            membership.deactivate(who, by=by, at=AT)
        except membership.LastAdministrator as refusal:
            refused.append(refusal)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((dora, eli), (eli, dora))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert membership.administrators().count() == 1


def test_a_role_is_replaced_and_the_change_kept():
    ana, *_, dora = four_people()
    north = Team.objects.get(name="North")
    membership.join(ana, team=north, role="manager", by=dora, at=AT)
    assert ana.memberships.get().role == "manager"
    assert list(Change.objects.values_list("subject", "before", "after")) == [(f"user {ana.pk}", "rep", "manager")]


def test_team_names_are_told_apart():
    north = membership.create_team(" North ", by=None, at=AT)
    assert north.name == "North"
    with pytest.raises(membership.NameTaken, match="North"):
        membership.create_team("North", by=None, at=AT)
    south = membership.create_team("South", by=None, at=AT)
    with pytest.raises(membership.NameTaken):
        membership.rename_team(south, "North", by=None, at=AT)


@pytest.mark.parametrize("attack", ["UPDATE accounts_change SET after = 'null'", "DELETE FROM accounts_change"])
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_the_change_log_cannot_be_rewritten(attack, role):
    membership.create_team("North", by=None, at=AT)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL session_replication_role = {role}")
        with pytest.raises(IntegrityError, match="append-only"):
            cursor.execute(attack)


def test_who_had_which_role_in_which_team_is_told_of_any_moment():
    ana, _ben, _cleo, dora = four_people()
    north, south = (Team.objects.get(name=name) for name in ("North", "South"))
    days = [AT + timedelta(days=day) for day in (7, 14, 21)]
    membership.join(ana, team=south, role="rep", by=dora, at=days[0])
    membership.leave(ana.memberships.get(team=north), by=dora, at=days[1])
    membership.join(ana, team=south, role="manager", by=dora, at=days[2])
    roles = membership.roles()
    of_ana = [
        {team: role for (who, team), role in roles(moment).items() if who == ana.pk}
        for moment in (AT, *days, days[2] + timedelta(1))
    ]
    north, south = north.pk, south.pk
    assert of_ana == [{north: "rep"}, {north: "rep"}, {north: "rep", south: "rep"}, {south: "rep"}, {south: "manager"}]
    assert roles(AT).items() >= {(dora.pk, team): role for team, role in dora.roles}.items()
