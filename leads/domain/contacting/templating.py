"""Mails from templates: words with placeholders of a fixed list, nothing else. Pure.

    Dear {{first_name|friend}}, … {{company}} … see [our prices](https://www.example.com/prices)

A placeholder is a name, with words to use instead when there is nothing: no attributes, no filters, no code. What is
put in is never read again, so nobody's name can bring a placeholder along.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

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
_LINK = re.compile(
    r"\[(?P<words>[^\[\]\n]{1,200})\]\((?P<target>https?://[^\s<>\"'()]+)\)"
    r"|(?P<bare>https?://[^\s<>\"']+[^\s<>\"'.,;:!?)])"
)


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
        value = one_line(values.get(match[1], "")).replace("](", "] (") or (match[2] or "").strip()
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


def links(text: str) -> list[str]:
    """Where the links of the text lead, in their order."""
    return [link["target"] or link["bare"] for link in _LINK.finditer(text)]


def as_plain(text: str) -> str:
    """The words for readers that show text only: behind the words of a link stands where it leads."""
    return _LINK.sub(lambda link: f"{link['words']} ({link['target']})" if link["words"] else link[0], text)


def as_html(text: str, ways: Sequence[str] = ()) -> SafeString:
    """The same words for readers that show HTML: paragraphs, lists of lines that begin with a dash, links.

    `ways`: for each of `links`, the address that is opened instead of its own.
    """
    goes = iter(ways or links(text))
    blocks = [block for block in re.split(r"\n\s*\n", text.strip()) if block.strip()]
    return mark_safe("\n".join(_block(block, goes) for block in blocks))  # noqa: S308 (every word is escaped)


def _block(block: str, goes: Iterator[str]) -> str:
    lines = [line.rstrip() for line in block.strip().splitlines()]
    if all(line.startswith("- ") for line in lines):
        return f"<ul>{''.join(f'<li>{_inline(line[2:], goes)}</li>' for line in lines)}</ul>"
    return f"<p>{'<br>'.join(_inline(line, goes) for line in lines)}</p>"


def _inline(line: str, goes: Iterator[str]) -> str:
    parts, end = [], 0
    for link in _LINK.finditer(line):
        words = link["words"] or link["bare"]
        parts += [escape(line[end : link.start()]), f'<a href="{escape(next(goes))}">{escape(words)}</a>']
        end = link.end()
    return "".join([*parts, escape(line[end:])])
