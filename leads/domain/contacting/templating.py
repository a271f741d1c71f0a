"""Mails from templates: words with placeholders of a fixed list, nothing else. Pure.

    Dear {{first_name|friend}}, … {{company}} …

A placeholder is a name, with words to use instead when there is nothing: no attributes, no filters, no code. What is
put in is never read again, so nobody's name can bring a placeholder along.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline_crm.foundation.errors import Refusal

PLACEHOLDERS = {
    "first_name": gettext_lazy("First name"),
    "name": gettext_lazy("Whole name"),
    "company": gettext_lazy("Their company"),
    "topic": gettext_lazy("What the lead is about"),
    "my_name": gettext_lazy("Name of the lead's owner"),
    "my_email": gettext_lazy("E-mail of the lead's owner"),
    "our_company": gettext_lazy("Our company"),
}
_PLACEHOLDER = re.compile(r"(?<!\{)\{\{\s*([a-z_]+)\s*(?:\|([^{}|]*))?\}\}(?!\})")
_CODE = re.compile(r"\{[{%#]|[}%#]\}")
_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)]")


class UnknownPlaceholder(Refusal):
    """Only names of the list can be put in."""

    status = 422


class NothingToPutIn(Refusal):
    """The placeholder stands for something that is not known, and has no words to use instead."""

    status = 422


def check(text: str) -> list[str]:
    """The placeholders of the text. Refused: a name that is not on the list, and anything else in double braces."""
    names = [match[1] for match in _PLACEHOLDER.finditer(text)]
    for name in names:
        if name not in PLACEHOLDERS:
            raise UnknownPlaceholder(
                _("There is no placeholder “%(name)s”. There are: %(known)s.")
                % {"name": name, "known": ", ".join(PLACEHOLDERS)},
                name=name,
            )
    if stray := _CODE.search(_PLACEHOLDER.sub("", text)):
        raise UnknownPlaceholder(
            _("“%(sign)s” is not part of a placeholder. Write {{first_name}}, or {{first_name|friend}}.")
            % {"sign": stray[0]},
            name=stray[0],
        )
    return names


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with what is known put in. Refused when something is not known and nothing stands in for it."""
    check(text)

    def put_in(match: re.Match) -> str:
        value = one_line(values.get(match[1], "")) or (match[2] or "").strip()
        if not value:
            raise NothingToPutIn(
                _("%(what)s is not known. Write {{%(name)s|something else}} to have words in its place.")
                % {"what": PLACEHOLDERS[match[1]], "name": match[1]},
                name=match[1],
            )
        return value

    return _PLACEHOLDER.sub(put_in, text)


def one_line(text: str) -> str:
    """Fit for a header: no line breaks, no control characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def as_html(text: str) -> SafeString:
    """The same words for readers that show HTML: paragraphs, lists of lines that begin with a dash, links."""
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]
    return mark_safe("\n".join(map(_block, blocks)))  # noqa: S308 (every word went through escape)


def _block(block: str) -> str:
    lines = [line.rstrip() for line in block.strip().splitlines()]
    if all(line.startswith("- ") for line in lines):
        return f"<ul>{''.join(f'<li>{_inline(line[2:])}</li>' for line in lines)}</ul>"
    return f"<p>{'<br>'.join(map(_inline, lines))}</p>"


def _inline(line: str) -> str:
    parts, end = [], 0
    for link in _LINK.finditer(line):
        parts += [escape(line[end : link.start()]), f'<a href="{escape(link[0])}">{escape(link[0])}</a>']
        end = link.end()
    return "".join([*parts, escape(line[end:])])
