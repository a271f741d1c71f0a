"""The tabs of Insight, and addresses of the cards behind a number."""

from typing import Any

from django import template
from django.urls import reverse

from .. import catalogue

register = template.Library()


@register.inclusion_tag("analytics/_tabs.html")
def insight_tabs(here: str, query: str = "") -> dict[str, Any]:
    """The pages of Insight: the groups, and the row of the group that `here` is in. query: what the links keep."""
    groups = catalogue.tabs()
    group = next(group for group in groups if any(page.name == here for page in group.pages))
    page = next(page for page in group.pages if page.name == here)
    return {"groups": groups, "group": group, "page": page, "query": query}


@register.simple_tag(takes_context=True)
def behind_other(context: Any, what: str, stage: str = "", **narrower: Any) -> str:
    """The same for the selection that is compared with."""
    return f"{reverse('analytics:cards')}?{context['filter'].other_query(what=what, stage=stage or None, **narrower)}"


@register.simple_tag(takes_context=True)
def behind(context: Any, what: str, stage: str = "", **narrower: Any) -> str:
    """The page of the cards behind a cell: {% behind 'open' row.key %}. The page's own filter is kept."""
    asked = context["filter"].query(what=what, stage=stage or None, **narrower)
    unsaid = "".join(f"&{name}=" for name, value in narrower.items() if value == "")  # an empty one is asked for, too
    return f"{reverse('analytics:cards')}?{asked}{unsaid}"


@register.inclusion_tag("analytics/_files.html", takes_context=True)
def files(context: Any, table: str = "") -> dict[str, Any]:
    """A table of the report as CSV and JSON; without a name the report's own, which has all of it."""
    name, kind = context["report"].name, "table" if table else "report"
    parts = [name, table] if table else [name]
    query = context["filter"].query()
    addresses = [
        (form.upper(), f"{reverse(f'analytics:{kind}_as_{form}', args=parts)}{'?' + query if query else ''}")
        for form in ("csv", "json")
    ]
    return {"addresses": addresses}
