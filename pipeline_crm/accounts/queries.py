"""What the settings pages show, each asked for in one place."""

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from pipeline_crm.accounts.models import Membership, Team, User


def people() -> QuerySet[User]:
    """Everybody with their memberships, active people first."""
    return User.objects.prefetch_related(_memberships()).order_by("-is_active", "name", "email")


def teams() -> QuerySet[Team]:
    members = Membership.objects.filter(user__is_active=True).select_related("user").order_by("user__name")
    return Team.objects.prefetch_related(Prefetch("memberships", members))


def memberships_of(user: User) -> QuerySet[Membership]:
    return user.memberships.select_related("team").order_by("team__name")


def password_link(request: HttpRequest, user: User) -> str:
    """Where the person sets a password without knowing one; good until they have signed in with it."""
    address = reverse(
        "account_reset_password_from_key", args=[user_pk_to_url_str(user), default_token_generator.make_token(user)]
    )
    return request.build_absolute_uri(address)


def _memberships() -> Prefetch:
    return Prefetch("memberships", Membership.objects.select_related("team").order_by("team__name"))
