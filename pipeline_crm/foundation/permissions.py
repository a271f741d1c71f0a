"""Each view says who may use it: seeing is a query (404), doing a predicate (403). checks.py names the silent ones.

    @acts_on(Deal)                        # or @acts_on(Deal.objects.select_related("stage"))
    @allows("deals.change_deal")
    def stage(request, deal): ...

The decorator nearest the view is asked last, so a stranger learns nothing but 404.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

View = Callable[..., HttpResponse]
Rule = str | Callable[..., bool]


def allows(rule: Rule) -> Callable[[View], View]:
    """403 unless the person passes `rule`: a permission name, or a predicate of user (and object, under @acts_on)."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            subject = args[0] if args and isinstance(args[0], Model) else None
            if not _passes(rule, request.user, subject):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return _declare(
            guarded, f"allows {rule if isinstance(rule, str) else getattr(rule, 'name', None) or rule.__name__}"
        )

    return decorate


def acts_on(model: type[Model] | QuerySet, arg: str = "pk") -> Callable[[View], View]:
    """Replace the address's `arg` by the object, if the signed-in person may see it; else 404."""

    def decorate(view: View) -> View:
        @wraps(view)
        def fetched(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            everything: Any = model.all() if isinstance(model, QuerySet) else model.objects  # type: ignore[attr-defined]
            subject = get_object_or_404(everything.visible_to(request.user), pk=kwargs.pop(arg))
            return view(request, subject, *args, **kwargs)

        named = model.model if isinstance(model, QuerySet) else model
        return _declare(fetched, f"acts on a visible {named.__name__}")

    return decorate


def for_everyone_signed_in(view: View) -> View:
    """Nothing more than being signed in is asked."""
    return _declare(view, "everyone signed in")


def public(view: View) -> View:
    """Open to anyone, signed in or not."""
    return _declare(login_not_required(view), "public")


def _passes(rule: Rule, user: Any, subject: Model | None) -> bool:
    if isinstance(rule, str):
        return user.has_perm(rule, subject)
    return bool(rule(user, subject)) if subject is not None else bool(rule(user))


def _declare(view: View, sentence: str) -> View:
    known = getattr(view, "policy", "")
    view.policy = f"{sentence}, {known}" if known else sentence  # type: ignore[attr-defined]
    return view
