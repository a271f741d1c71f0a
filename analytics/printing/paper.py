"""A page for printing: reports one below the other, every table shown and every chart drawn; and the same as PDF."""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from django.http import HttpRequest
from django.template.loader import render_to_string

from .drawing import drawn

# What charts.js looks for on the page: an empty place that names its figure.
PLOT = re.compile(r'(<div class="plot([^"]*)" data-figure="([^"]+)"[^>]*>)(</div>)')
ICON = re.compile(r"<svg class=\"i[^>]*>.*?</svg>", re.DOTALL)
NAMED = re.compile(r'\b(id|aria-labelledby|aria-controls)="([^"]+)"')
SHAPES = {"tall": (280, 720), "tallest": (380, 720), "stream": (500, 980)}  # by the classes that the page's plots have
USUAL_SHAPE = (250, 720)
KINDS = {".css": "text/css", ".woff2": "font/woff2"}


class NoPango(RuntimeError):
    """PDF is set by WeasyPrint, which needs Pango of the system; this server has none."""


@dataclass(frozen=True, slots=True)
class Part:
    """One report on paper. context: what its page's template is given."""

    name: str
    title: Any
    body: str
    figures: dict[str, Any]
    context: dict[str, Any]


def printed(request: HttpRequest, parts: list[Part], **context: Any) -> str:
    """The whole document; a page for printing in a browser, and what the PDF is set from."""
    sections = [{"part": part, "html": _body(request, part)} for part in parts]
    return render_to_string("analytics/printed.html", {**context, "sections": sections}, request)


@cache
def can_set() -> bool:
    """Whether this server can make PDFs."""
    try:
        import weasyprint  # noqa: F401  # found at its first use: it opens Pango, which the system may lack
    except OSError:
        return False
    return True


def pdf(html: str) -> bytes:
    """The document as PDF, NoPango where the system lacks it. Nothing is fetched but our own style sheets and font."""
    if not can_set():
        raise NoPango
    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # it warns of rules that are for browsers alone
    from weasyprint import HTML, URLFetcher  # as above: not before it is known to be there
    from weasyprint.urls import URLFetcherResponse

    class OwnFiles(URLFetcher):
        """Static files from disk, and nothing from anywhere else."""

        def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:
            path = own_file(url)
            if path is None:
                raise ValueError(f"not a static file of ours: {url}")
            with open(path, "rb") as file:
                kind = next((kind for end, kind in KINDS.items() if path.endswith(end)), "application/octet-stream")
                return URLFetcherResponse(url, file.read(), {"Content-Type": kind})

    return HTML(string=html, base_url=f"{settings.SITE_URL}/", url_fetcher=OwnFiles()).write_pdf()


def own_file(url: str) -> str | None:
    """The file on disk behind an address of ours under /static/, hashed name or not; None for any other address."""
    ours, asked = urlsplit(settings.SITE_URL), urlsplit(url)
    root = urlsplit(settings.STATIC_URL).path
    if (asked.scheme, asked.netloc) != (ours.scheme, ours.netloc) or not asked.path.startswith(root):
        return None
    name = unquote(asked.path.removeprefix(root))
    plain = re.sub(r"\.[0-9a-f]{12}(?=\.\w+$)", "", name)
    try:
        return finders.find(plain) or None
    except SuspiciousFileOperation:  # a path that leads outside
        return None


def _body(request: HttpRequest, part: Part) -> str:
    """The report's part of the page, its plots drawn, what unfolds unfolded, its names its own."""

    def draw(place: re.Match[str]) -> str:
        opening, looks, name, closing = place.groups()
        height, width = next((SHAPES[look] for look in looks.split() if look in SHAPES), USUAL_SHAPE)
        return f"{opening}{drawn(part.figures[name], height, width)}{closing}"

    html = render_to_string(part.body, part.context, request)
    html = PLOT.sub(draw, ICON.sub("", html)).replace("<details ", "<details open ")
    return NAMED.sub(rf'\1="{part.name}-\2"', html)
