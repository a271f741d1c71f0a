"""Ana owns, Ben leads her team, Cleo is a stranger, and Dora administers; none of them needs a card to be tested."""

from pipeline_crm.accounts.models import Membership, Role, Team, User


def person(name: str, team: Team, role: str = Role.REP) -> User:
    user = User.objects.create_user(f"{name.lower()}@example.org", "a long password", name=name)
    Membership.objects.create(user=user, team=team, role=role)
    return user


def four_people() -> tuple[User, User, User, User]:
    north, south = Team.objects.create(name="North"), Team.objects.create(name="South")
    return (
        person("Ana", north),
        person("Ben", north, Role.MANAGER),
        person("Cleo", south),
        person("Dora", south, Role.ADMIN),
    )
