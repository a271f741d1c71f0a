"""When two names mean the same company, or the same person: by the letters they share, three at a time.

The same measure as PostgreSQL's pg_trgm, so that what its index finds is judged here as it was found.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

ALIKE = 0.7  # names alone, without a domain that tells more
NOT_UNLIKE = 0.3  # names of companies that share a web domain
SAME_NAME = 0.6  # names of people at one company


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LEGAL_FORMS = _words(
    "ab ag aps as bv co company corp corporation ev eg gbr gmbh inc incorporated kg kgaa limited llc llp ltd nv oy "
    "plc pty sa sarl sas se spa srl ug"
)
PUBLIC_MAIL = _words(
    "aol.com bluewin.ch free.fr gmail.com gmx.at gmx.ch gmx.com gmx.de gmx.net googlemail.com hotmail.com hotmail.de "
    "icloud.com live.com mail.com mail.ru mailbox.org me.com msn.com naver.com outlook.com outlook.de pm.me posteo.de "
    "proton.me protonmail.com qq.com t-online.de web.de yahoo.co.jp yahoo.co.uk yahoo.com yahoo.de yandex.ru "
    "163.com"
)


@dataclass(frozen=True)
class House:
    """A company as it is told apart from others: what it is called, and where it is on the net."""

    name: str = ""
    domains: frozenset[str] = frozenset()


def same_house(one: House, other: House) -> bool:
    """Whether both are perhaps one company: a domain in common and names not unlike, or, where a domain is unknown,
    names that are alike. Different domains, or different numbers in the names, are different companies."""
    nameless = not (one.name and other.name)
    if numbers(one.name) != numbers(other.name) and not nameless:
        return False
    likeness = similarity(core(one.name), core(other.name))
    if one.domains and other.domains:
        return bool(one.domains & other.domains) and (nameless or likeness >= NOT_UNLIKE or _contains(one, other))
    return not nameless and likeness >= ALIKE


def same_name(one: str, other: str) -> bool:
    """Whether both are perhaps one person's name, in whatever order it is written."""
    return bool(one and other) and similarity(one, other) >= SAME_NAME


def similarity(one: str, other: str) -> float:
    """From 0, nothing in common, to 1: the groups of three letters in both, of those in either."""
    ours, theirs = _groups(one), _groups(other)
    return len(ours & theirs) / len(ours | theirs) if ours and theirs else 0.0


def core(name: str) -> str:
    """The name without its legal form, in small letters; a name that is nothing else stays as it is."""
    words = re.findall(r"\w+", name.casefold().replace(".", ""))
    return " ".join([word for word in words if word not in LEGAL_FORMS] or words)


def numbers(name: str) -> list[str]:
    """Hall 1 is not Hall 2."""
    return re.findall(r"\d+", name)


def domain_of(text: str) -> str:
    """The domain of an address of mail or of the web, in small letters; nothing where everybody has a mailbox."""
    host = text.strip().casefold().rpartition("@")[2]
    host = re.sub(r"^[a-z]+://", "", host).partition("/")[0].partition(":")[0].removeprefix("www.")
    return host if "." in host and host not in PUBLIC_MAIL else ""


def _contains(one: House, other: House) -> bool:
    """Whether the shorter name stands in the longer one, word by word."""
    ours, theirs = set(core(one.name).split()), set(core(other.name).split())
    return ours <= theirs or theirs <= ours


def _groups(text: str) -> set[str]:
    padded = [f"  {word} " for word in re.findall(r"[^\W_]+", text.lower())]
    return {word[at : at + 3] for word in padded for at in range(len(word) - 2)}
