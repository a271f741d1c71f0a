"""What the settings pages show, each asked for in one place."""

from urllib.parse import parse_qsl

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property

from pipeline_crm.accounts.models import FirstView, Membership, SavedView, Team, User
from pipeline_crm.foundation.within_request import kept


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


class Views:
    """The saved views of a page and of those beside it, asked for when they are shown."""

    def __init__(self, user: User, page: str, query: str, beside: tuple[str, ...] = ()) -> None:
        self.user, self.page, self.query, self.pages = user, page, query or "all=1", (page, *beside)

    @cached_property
    def all(self) -> list[SavedView]:
        return [view for view in kept(("views", self.user.pk), self._visible) if view.page in self.pages]

    def _visible(self) -> list[SavedView]:
        first = FirstView.objects.filter(user=self.user, view=OuterRef("pk"))
        visible = SavedView.objects.visible_to(self.user)
        return list(visible.select_related("owner").annotate(opens_first=Exists(first)))

    @property
    def own(self) -> list[SavedView]:
        return [view for view in self.all if view.owner_id == self.user.pk]

    @property
    def shared(self) -> list[SavedView]:
        return [view for view in self.all if view.owner_id != self.user.pk]

    @property
    def first(self) -> SavedView | None:
        """The view that opens when the person comes to the page without asking for anything."""
        return next((view for view in self.all if view.opens_first and view.page == self.page), None)

    @property
    def now(self) -> SavedView | None:
        """The view that the page shows; one's own before a colleague's."""
        asked = sorted(parse_qsl(self.query))
        here = [view for view in self.own + self.shared if view.page == self.page]
        return next((view for view in here if sorted(parse_qsl(view.query)) == asked), None)


def _memberships() -> Prefetch:
    return Prefetch("memberships", Membership.objects.select_related("team").order_by("team__name"))
