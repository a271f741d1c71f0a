"""Who listens at /live/: sessions and rights, asked of the database for all listeners at once."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from http.cookies import CookieError, SimpleCookie

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY, get_user_model
from django.contrib.sessions.models import Session
from django.db import close_old_connections
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from pipeline_crm.foundation.live import Viewer

_threads = ThreadPoolExecutor(max_workers=1, thread_name_prefix="listeners")


def session_key(scope: dict) -> str:
    """The session key in the request's cookies, or ''."""
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                morsel = SimpleCookie(value.decode("latin1")).get(settings.SESSION_COOKIE_NAME)
            except CookieError:
                continue
            if morsel:
                return morsel.value
    return ""


async def viewers(keys: list[str]) -> dict[str, Viewer]:
    """Who is behind these session keys; keys whose session is over or whose user is disabled are left out."""
    return await asyncio.get_running_loop().run_in_executor(_threads, viewers_now, keys)


def viewers_now(keys: list[str]) -> dict[str, Viewer]:
    close_old_connections()
    try:
        sessions = {
            session.session_key: session.get_decoded()
            for session in Session.objects.filter(session_key__in=keys, expire_date__gt=timezone.now())
        }
        ids = [int(facts[SESSION_KEY]) for facts in sessions.values() if SESSION_KEY in facts]
        users = get_user_model().objects.filter(is_active=True).prefetch_related("memberships").in_bulk(ids)
        return {
            key: _viewer(users[int(facts[SESSION_KEY])])
            for key, facts in sessions.items()
            if _is_valid(facts, users.get(int(facts.get(SESSION_KEY, 0))))
        }
    finally:
        close_old_connections()


def _is_valid(facts: dict, user) -> bool:
    """As Django's own check: a changed password ends every older session."""
    return user is not None and constant_time_compare(facts.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())


def _viewer(user) -> Viewer:
    roles = [(membership.team_id, membership.role) for membership in user.memberships.all()]
    is_admin = user.is_superuser or any(role == "admin" for _team, role in roles)
    return Viewer(user.pk, is_admin, frozenset(team for team, _role in roles))
