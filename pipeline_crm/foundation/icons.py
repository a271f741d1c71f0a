"""The icons we use, as one file: drawn by the `lucide` package, gathered when static files are collected."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import lucide
from django.conf import settings
from django.contrib.staticfiles.finders import BaseFinder
from django.core.files.storage import FileSystemStorage

SPRITE = "icons.svg"
NAMES = [
    "activity",
    "arrow-down",
    "arrow-down-wide-narrow",
    "arrow-left",
    "arrow-right",
    "arrow-right-left",
    "arrow-up",
    "arrow-up-down",
    "bell",
    "bookmark",
    "building-2",
    "calendar",
    "calendar-clock",
    "chart-column",
    "check",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "chevrons-right-left",
    "circle-alert",
    "circle-check",
    "circle-question-mark",
    "circle-x",
    "clock",
    "download",
    "ellipsis",
    "euro",
    "eye",
    "file-text",
    "flame",
    "funnel",
    "gauge",
    "handshake",
    "history",
    "hourglass",
    "inbox",
    "kanban",
    "keyboard",
    "list-filter",
    "log-out",
    "mail",
    "megaphone",
    "message-square",
    "moon",
    "mouse-pointer-click",
    "paperclip",
    "pencil",
    "phone",
    "plus",
    "recycle",
    "refresh-cw",
    "search",
    "settings",
    "sun",
    "table-2",
    "target",
    "ticket",
    "trending-down",
    "trending-up",
    "triangle-alert",
    "trophy",
    "undo-2",
    "user",
    "users",
    "wifi-off",
    "x",
]


def sprite(names: list[str] = NAMES) -> str:
    """All icons as symbols of one SVG, each used by its name: <use href="…/icons.svg#phone">."""
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(map(_symbol, names))}</svg>'


def _symbol(name: str) -> str:
    drawing = str(lucide._render_icon(name, 24))
    lines = re.sub(r"\s+", " ", re.search(r"<svg[^>]*>(.*)</svg>", drawing, re.S)[1]).strip()  # type: ignore[index]
    symbol = (
        f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" '
        f'stroke-linecap="round" stroke-linejoin="round">{lines}</symbol>'
    )
    ElementTree.fromstring(symbol)  # noqa: S314 (ours; whatever is not XML would empty the whole sprite)
    return symbol


class IconFinder(BaseFinder):
    """Offers the sprite to `collectstatic` and to the development server, written anew when the icons have changed."""

    @property
    def folder(self) -> Path:
        return Path(settings.VAR) / "icons"

    def check(self, **kwargs: Any) -> list:
        return []

    def find(self, path: str, find_all: bool = False, **kwargs: Any) -> Any:
        if path != SPRITE:
            return []
        found = str(self._written())
        return [found] if find_all else found

    def list(self, ignore_patterns: Any) -> Iterator[tuple[str, FileSystemStorage]]:
        self._written()
        yield SPRITE, FileSystemStorage(location=self.folder)

    def _written(self) -> Path:
        file, drawing = self.folder / SPRITE, sprite()
        if not file.exists() or file.read_text() != drawing:
            self.folder.mkdir(parents=True, exist_ok=True)
            file.write_text(drawing)
        return file
