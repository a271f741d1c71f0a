"""What somebody wrote in a mail, apart from what they repeat of earlier ones. Pure."""

from __future__ import annotations

import re
from itertools import groupby

_ATTRIBUTION = re.compile(
    r"(On\b.{5,300}\bwrote|Am\b.{5,300}\bschrieb\b.{0,120}|Le\b.{5,300}\ba écrit|El\b.{5,300}\bescribió"
    r"|Op\b.{5,300}\bschreef.{0,120}|Il\b.{5,300}\bha scritto)\s?:\s*$",
    re.DOTALL,
)
_SEPARATOR = re.compile(
    r"\s*-{2,}\s*(Original Message|Forwarded message|Ursprüngliche Nachricht|Message d.origine|Mensaje original"
    r"|Messaggio originale|Oorspronkelijk bericht)\s*-{2,}\s*$",
    re.IGNORECASE,
)
_FROM = re.compile(r"\*?(From|Von|De|Da|Van)\s?:\*?\s+\S", re.IGNORECASE)
_HEADER = re.compile(
    r"\*?(Sent|Date|To|Subject|Gesendet|Datum|An|Betreff|Envoyé|À|Objet|Enviado|Para|Asunto|Cc)\s?:\*?\s", re.IGNORECASE
)
LONGEST_ATTRIBUTION = 3  # lines


def parted(text: str) -> tuple[str, str]:
    """(what they wrote, what they repeat): everything from a line on that begins an earlier mail, and quoted lines at
    the beginning or the end. Quoted lines among their answers stay, since the answers need them; so does everything
    when nothing else is left.
    """
    lines = text.strip().splitlines()
    end = _earlier_mail(lines)
    kinds = _kinds(lines[:end])
    while kinds and kinds[-1] != "own":
        kinds.pop()
    runs = [(kind, sum(1 for _ in run)) for kind, run in groupby(kinds)]
    quotes = [count for kind, count in runs if kind == "quote"]
    start = quotes[0] if len(quotes) == 1 and runs[0][0] == "quote" else 0
    own = "\n".join(lines[start : len(kinds)]).strip()
    if not own:
        return "\n".join(lines).strip(), ""
    return own, "\n".join([*lines[:start], *lines[len(kinds) :]]).strip()


def _earlier_mail(lines: list[str]) -> int:
    """The line on which an earlier mail begins that is not marked line by line, or the number of lines."""
    for number, line in enumerate(lines):
        following = [rest for rest in lines[number + 1 : number + 6] if rest.strip()]
        if _SEPARATOR.match(line):
            return number
        if _FROM.match(line.strip()) and sum(bool(_HEADER.match(rest.strip())) for rest in following) >= 2:
            return number - 1 if number and re.fullmatch(r"\s*_{8,}\s*", lines[number - 1]) else number
        if (length := _attribution(lines, number)) and not _is_quoted(_next(lines, number + length)):
            return number
    return len(lines)


def _kinds(lines: list[str]) -> list[str]:
    """For each line "own" or "quote"; what introduces a quote, and what is empty after one, belongs to it."""
    kinds: list[str] = []
    introduces = 0
    for number, line in enumerate(lines):
        if not introduces and (length := _attribution(lines, number)):
            introduces = length
        if introduces:
            introduces -= 1
            kinds.append("quote")
        elif _is_quoted(line):
            kinds.append("quote")
        elif not line.strip() and kinds:
            kinds.append(kinds[-1])
        else:
            kinds.append("own")
    return kinds


def _attribution(lines: list[str], number: int) -> int:
    """How many lines “On … wrote:” takes from this one on; none when it is something else."""
    for length in range(1, LONGEST_ATTRIBUTION + 1):
        words = "\n".join(lines[number : number + length]).strip()
        if words.endswith(":") and len(words) < 500 and _ATTRIBUTION.fullmatch(words):
            return length
    return 0


def _next(lines: list[str], number: int) -> str:
    return next((line for line in lines[number:] if line.strip()), "")


def _is_quoted(line: str) -> bool:
    return line.lstrip().startswith(">")
