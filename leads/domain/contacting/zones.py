"""What time it is where somebody is: their own zone, else their country's where it has one, else the company's."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pipeline_crm.accounts.models import Company

from ...models import Organisation, Person

ALSO_CALLED = {"UK": "GB", "United Kingdom": "GB", "Great Britain": "GB", "England": "GB", "USA": "US"}


def zone_of(person: Person | None, organisation: Organisation | None = None) -> ZoneInfo:
    """What is recorded as a zone and is none is passed over."""
    organisation = organisation or (person.organisation if person else None)
    own = _zone(person.time_zone) if person else None
    theirs = _zone(zone_of_country(organisation.country)) if organisation else None
    return own or theirs or _zone(Company.get().time_zone) or ZoneInfo("UTC")


def zone_of_country(country: str) -> str:
    """The zone of a country named in English or by its two letters; nothing when it has several, or is not known."""
    return _zones().get(code_of_country(country), "")


def code_of_country(country: str) -> str:
    """The two letters of a country named in English or by them; nothing when it is not known."""
    return _codes().get(country.strip().casefold(), "")


def country_of_zone(zone: str) -> str:
    """The two letters of the country a zone lies in; nothing for zones of no country."""
    return _countries().get(zone, "")


def is_zone(name: str) -> bool:
    return _zone(name) is not None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):  # no zone at all, or the name of a folder
        return None


@cache
def _zones() -> dict[str, str]:
    """{a country's letters: zone}, for countries with one zone or one where most people live."""
    zones: dict[str, list[str]] = {}
    main: dict[str, str] = {}
    for line in _lines("zone.tab"):
        code, _place, zone, *note = line.split("\t")
        zones.setdefault(code, []).append(zone)
        if note and (note[0].startswith("most of ") or "(mainland)" in note[0]):
            main[code] = zone
    return {code: found[0] for code, found in zones.items() if len(found) == 1} | main


@cache
def _codes() -> dict[str, str]:
    """{a country's name or letters, in small letters: its two letters}"""
    names = [line.split("\t")[:2] for line in _lines("iso3166.tab")]
    known = {key: code for code, name in names for key in (code, name)} | ALSO_CALLED
    return {key.casefold(): code for key, code in known.items()}


@cache
def _countries() -> dict[str, str]:
    return {line.split("\t")[2]: line.split("\t")[0] for line in _lines("zone.tab")}


def _lines(name: str) -> list[str]:
    text = files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
