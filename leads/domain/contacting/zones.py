"""What time it is where somebody is: their own zone, else their country's when it has only one, else the company's."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from pipeline_crm.accounts.models import Company

from ...models import Organisation, Person


def zone_of(person: Person | None, organisation: Organisation | None = None) -> ZoneInfo:
    organisation = organisation or (person.organisation if person else None)
    own = person.time_zone if person else ""
    return ZoneInfo(own or zone_of_country(organisation.country if organisation else "") or Company.get().time_zone)


def zone_of_country(country: str) -> str:
    """The zone of a country named in English or by its two letters; nothing when it has several, or is not known."""
    return _zones().get(country.strip().casefold(), "")


@cache
def _zones() -> dict[str, str]:
    """{country's name or letters: zone}, for countries with one zone or one where most people live."""
    zones: dict[str, list[str]] = {}
    main: dict[str, str] = {}
    for line in _lines("zone.tab"):
        code, _place, zone, *note = line.split("\t")
        zones.setdefault(code, []).append(zone)
        if note and (note[0].startswith("most of ") or "(mainland)" in note[0]):
            main[code] = zone
    one = {code: found[0] for code, found in zones.items() if len(found) == 1} | main
    names = dict(line.split("\t")[:2] for line in _lines("iso3166.tab"))
    return {key.casefold(): one[code] for code, name in names.items() if code in one for key in (code, name)}


def _lines(name: str) -> list[str]:
    text = files("tzdata").joinpath("zoneinfo", name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
