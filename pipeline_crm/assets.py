"""Third-party files that are optional: which of them this checkout has (see `manage.py vendor`)."""

from functools import cache

from django.contrib.staticfiles import finders
from django.templatetags.static import static

CHARTS = ["vendor/plotly-basic.min.js", "plotly/plotly.min.js"]
FONT = ["vendor/inter.css"]


def context(request) -> dict:
    """`assets.charts`: the chart library's URL, basic bundle first; `assets.font`: the font's style sheet or ''."""
    return {"assets": {"charts": _first_present(*CHARTS), "font": _first_present(*FONT)}}


@cache
def _first_present(*names: str) -> str:
    return next((static(name) for name in names if finders.find(name)), "")
