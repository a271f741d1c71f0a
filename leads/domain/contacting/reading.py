"""A mail as it arrives, read: who wrote what, in answer to which, with which files, by hand or by itself. Pure.

Whatever is in it was written by strangers: it becomes text of limited length, never markup, and nothing in it is
followed or fetched.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from html.parser import HTMLParser
from typing import Any

from .quoting import parted
from .templating import one_line

LONGEST_TEXT = 100_000
MOST_PARTS = 200
_ID = re.compile(r"<([^<>\s]{1,290})>")
_PROGRAM = re.compile(r"(mailer-daemon|postmaster|no-?reply|do-?not-?reply)[@+]")
_AUTOMATIC_SUBJECT = re.compile(
    r"\s*(auto(matic)?[- ]?reply|out of (the )?office|automatische antwort|abwesen|réponse automatique)",
    re.IGNORECASE,
)


class Unreadable(ValueError):
    """This is no mail that can be read."""


@dataclass(frozen=True)
class File:
    name: str
    content: bytes


@dataclass(frozen=True)
class Return:
    """A mail of ours that could not be delivered: to whom, whether for good, in whose words, and its Message-ID."""

    address: str
    is_for_good: bool
    because: str
    message_id: str


@dataclass(frozen=True)
class Arrived:
    message_id: str
    sender: str
    sender_name: str
    subject: str
    text: str
    quoted: str
    answers: tuple[str, ...]  # the Message-IDs it refers to, the nearest first
    is_automatic: bool
    written_at: datetime | None
    files: tuple[File, ...] = ()
    returned: Return | None = None


def of_bytes(raw: bytes) -> Arrived:
    """Read a mail as it came over the wire. Unreadable when that is not possible."""
    try:
        return read(message_from_bytes(raw, policy=policy.default))
    except RecursionError as problem:
        raise Unreadable("too deeply nested") from problem


def read(message: Message) -> Arrived:
    parts = list(_leaves(message))
    text, quoted = parted(_body(parts))
    sender_name, sender = _address(message, "From")
    return Arrived(
        message_id=_message_id(message, sender, text),
        sender=sender,
        sender_name=one_line(sender_name)[:200],
        subject=one_line(_header(message, "Subject"))[:300],
        text=text,
        quoted=quoted,
        answers=_answers(message),
        is_automatic=_is_automatic(message) or bool(_PROGRAM.match(sender)),
        written_at=_written_at(message),
        files=tuple(_files(parts)),
        returned=_return(message, parts),
    )


def _header(message: Message, name: str) -> str:
    """The header as text; one that no parser understands as it stands there."""
    try:
        return str(message[name] or "")
    except Exception:  # the parsers of headers stumble over some malformed ones, each in its own way
        raw = next((value for key, value in message.raw_items() if key.lower() == name.lower()), "")
        return str(raw)


def _address(message: Message, name: str) -> tuple[str, str]:
    with suppress(Exception):
        for words, address in getaddresses([_header(message, name)]):
            if "@" in address:
                return words, _plain(address)
    found = re.search(r"[^\s<>,;\"']+@[^\s<>,;\"']+", _header(message, name))
    return "", _plain(found[0]) if found else ""


def _plain(address: str) -> str:
    return "".join(one_line(address).lower().split())[:254]


def _message_id(message: Message, sender: str, text: str) -> str:
    """Its own, or for one without a word for its content: the same mail is the same, however often it is read."""
    if found := _ID.search(_header(message, "Message-ID")):
        return one_line(found[1])
    content = "\n".join([sender, _header(message, "Date"), _header(message, "Subject"), text])
    return f"digest-{hashlib.sha256(content.encode(errors='replace')).hexdigest()}"


def _answers(message: Message) -> tuple[str, ...]:
    references = _ID.findall(_header(message, "References"))[-50:]
    nearest_first = [*_ID.findall(_header(message, "In-Reply-To"))[:5], *reversed(references)]
    return tuple(dict.fromkeys(map(one_line, nearest_first)))


def _is_automatic(message: Message) -> bool:
    """Written by a program: an answer from holiday, a list, a receipt (RFC 3834, and what programs do besides)."""
    submitted = _header(message, "Auto-Submitted").strip().lower()
    precedence = _header(message, "Precedence").strip().lower()
    return (
        submitted not in {"", "no"}
        or precedence in {"bulk", "junk", "list", "auto_reply"}
        or any(message[name] for name in ("X-Autoreply", "X-Autorespond", "List-Id", "List-Unsubscribe"))
        or _header(message, "Return-Path").strip() == "<>"
        or message.get_content_type() == "multipart/report"
        or bool(_AUTOMATIC_SUBJECT.match(_header(message, "Subject")))
    )


def _written_at(message: Message) -> datetime | None:
    with suppress(Exception):
        written = parsedate_to_datetime(_header(message, "Date"))
        return written if written.tzinfo else written.replace(tzinfo=UTC)
    return None


def _leaves(message: Message) -> Iterator[Message]:
    for number, part in enumerate(message.walk()):
        if number >= MOST_PARTS:
            return
        if not part.is_multipart() or part.get_content_type() in {"message/delivery-status", "message/rfc822"}:
            yield part


def _body(parts: list[Message]) -> str:
    """The first plain part that is no file; without one, the words of the first HTML part."""
    for kind in ("text/plain", "text/html"):
        for part in parts:
            if part.get_content_type() == kind and not _is_file(part):
                text = _text(part)
                return _clean(text if kind == "text/plain" else words_of_html(text))
    return ""


def _is_file(part: Message) -> bool:
    with suppress(Exception):
        return part.get_content_disposition() == "attachment" or bool(part.get_filename())
    return True


def _text(part: Message) -> str:
    payload: Any = part.get_payload(decode=True) or b""
    with suppress(LookupError, ValueError):
        return payload[: 4 * LONGEST_TEXT].decode(part.get_content_charset("utf-8"), errors="replace")
    return payload[: 4 * LONGEST_TEXT].decode("utf-8", errors="replace")


def _clean(text: str) -> str:
    """Without control characters and halves of signs, which PostgreSQL refuses."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    kept = "".join(sign for sign in lines if sign in "\n\t" or (sign.isprintable() or sign == "\xa0"))
    return kept[:LONGEST_TEXT]


def _files(parts: list[Message]) -> Iterator[File]:
    for part in parts:
        if part.get_content_type() in {"message/delivery-status", "message/rfc822"} or not _is_file(part):
            continue
        payload: Any = part.get_payload(decode=True)
        if payload:
            yield File(_name(part), payload)


def _name(part: Message) -> str:
    name = ""
    with suppress(Exception):
        name = str(part.get_filename() or "")
    return one_line(re.split(r"[/\\]", name)[-1])[:200].strip(". ") or "file"


def _return(message: Message, parts: list[Message]) -> Return | None:
    """What a mail server reports of a mail of ours that it could not deliver (RFC 3464), if this is such a report."""
    if message.get_content_type() != "multipart/report":
        return None
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        for block in part.get_payload():  # one block for the mail, one for each who was to get it
            if isinstance(block, Message) and _header(block, "Action").strip().lower() == "failed":
                words = one_line(_header(block, "Diagnostic-Code").partition(";")[2] or _header(block, "Status"))
                address = _header(block, "Final-Recipient").partition(";")[2].strip().lower()
                is_for_good = _header(block, "Status").strip().startswith("5.")
                return Return(one_line(address)[:254], is_for_good, words[:300], _returned_id(message))
    return None


def _returned_id(message: Message) -> str:
    """The Message-ID of the mail that came back, which the report carries with it."""
    for part in message.walk():
        if part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}:
            text = str(part.get_payload(0)) if part.is_multipart() else _text(part)
            if found := re.search(r"^Message-ID:\s*<([^<>\s]+)>", text, re.IGNORECASE | re.MULTILINE):
                return found[1]
    return ""


def words_of_html(html: str) -> str:
    """The words a reader would see, line by line; what is quoted begins with “>”."""
    reader = _Words()
    with suppress(Exception):  # the parser of Python stumbles over some malformed declarations
        reader.feed(html[: 4 * LONGEST_TEXT])
        reader.close()
    return reader.text()


class _Words(HTMLParser):
    BLOCKS = frozenset({"p", "div", "br", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "ol", "blockquote", "hr"})
    UNSEEN = frozenset({"script", "style", "head", "title", "template"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[tuple[int, str]] = []
        self.line = ""
        self.quoted = self.unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.BLOCKS:
            self._end_line(keeps_empty=tag in {"p", "br"})
        self.quoted += tag == "blockquote"
        self.unseen += tag in self.UNSEEN

    def handle_endtag(self, tag: str) -> None:
        if tag in self.BLOCKS:
            self._end_line()
        self.quoted = max(0, self.quoted - (tag == "blockquote"))
        self.unseen = max(0, self.unseen - (tag in self.UNSEEN))

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.line += re.sub(r"\s+", " ", data)

    def text(self) -> str:
        self._end_line()
        return re.sub(r"\n{3,}", "\n\n", "\n".join("> " * min(depth, 3) + line for depth, line in self.lines)).strip()

    def _end_line(self, *, keeps_empty: bool = False) -> None:
        is_first = not self.lines or self.lines[-1][0] != self.quoted
        if self.line.strip() or (keeps_empty and not is_first):
            self.lines.append((self.quoted, self.line.strip()))
        self.line = ""
