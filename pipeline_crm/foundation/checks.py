"""Closed by default: the build fails while a view has not said who may use it."""

from collections.abc import Iterator
from typing import Any

from django.core.checks import Error, register
from django.urls import URLPattern, URLResolver, get_resolver

GUARD_THEIR_OWN = ("allauth.", "django.")


@register
def every_view_has_a_policy(app_configs: Any = None, **_kwargs: Any) -> list[Error]:
    """One error for each address of ours whose view carries none of the decorators of foundation.permissions."""
    return [
        Error(
            f"The view of “{route}” does not say who may use it.",
            hint="Give it @allows(…), @acts_on(…), @for_everyone_signed_in or @public of foundation.permissions.",
            obj=f"{view.__module__}.{getattr(view, '__qualname__', view)}",
            id="foundation.E001",
        )
        for route, view in routes(get_resolver())
        if not view.__module__.startswith(GUARD_THEIR_OWN) and not getattr(view, "policy", "")
    ]


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(address, view) of every pattern, depth first."""
    for pattern in resolver.url_patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route, getattr(pattern.callback, "view_class", pattern.callback)
