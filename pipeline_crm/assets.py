"""Third-party files that are optional: which of them this checkout has (see `manage.py vendor`)."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from django.contrib.staticfiles import finders
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage
from django.templatetags.static import static

CHARTS = ["vendor/plotly-basic.min.js", "plotly/plotly.min.js"]
FONT = ["vendor/inter.css"]


def context(request) -> dict:
    """`assets.charts`: the chart library's URL, basic bundle first; `assets.font`: the font's style sheet or ''."""
    return {"assets": {"charts": _first_present(*CHARTS), "font": _first_present(*FONT)}}


@cache
def _first_present(*names: str) -> str:
    return next((static(name) for name in names if finders.find(name)), "")


class WheelFinder(BaseFinder):
    """Finds the chart library inside the plotly wheel, for a checkout without the smaller one."""

    NAME = "plotly/plotly.min.js"

    def find(self, path, find_all=False, **kwargs):
        found = [str(self._file())] if path == self.NAME and self._is_needed() else []
        return found if find_all else (found[0] if found else [])

    def list(self, ignore_patterns):
        if self._is_needed():
            storage = FileSystemStorage(location=self._file().parent)
            storage.prefix = "plotly"
            yield self._file().name, storage

    def check(self, **kwargs):
        return []

    @staticmethod
    def _file() -> Path:
        return Path(find_spec("plotly").submodule_search_locations[0]) / "package_data" / "plotly.min.js"

    def _is_needed(self) -> bool:
        return not finders.find(CHARTS[0])
