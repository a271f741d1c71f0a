"""Addresses of the cards behind a number."""

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()


@register.simple_tag(takes_context=True)
def behind(context: Any, what: str, stage: str = "", **narrower: Any) -> str:
    """The page of the cards behind a cell: {% behind 'open' row.key %}. The page's own filter is kept."""
    asked = context["filter"].query(what=what, stage=stage or None, **narrower)
    return f"{reverse('analytics:cards')}?{asked}"
