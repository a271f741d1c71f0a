"""How sign-in behaves here: people are invited, nobody signs up by themselves, and nobody is locked out by others."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def populate_username(self, request, user) -> None:
        """There are no user names."""

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Failed attempts count for an address as tried from one place, so a guesser slows down only themselves."""
        return f"{self.get_client_ip(request)} {super()._get_login_attempts_cache_key(request, **credentials)}"
