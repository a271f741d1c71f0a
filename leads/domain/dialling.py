"""Which number a phone number means: as it is dialled from anywhere, so that two ways of writing it are one number."""

from __future__ import annotations

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from pipeline_crm.accounts.models import Company

from ..models import Organisation
from .contacting.zones import code_of_country, country_of_zone


def dialled(phone: str, organisation: Organisation | None = None) -> str:
    """The number in E.164 (+4930123456), its extension behind it (+4930123456;ext=7); nothing when it is none.

    Written without a country it is in the organisation's, else in ours.
    """
    here = code_of_country(organisation.country) if organisation else ""
    try:
        number = phonenumbers.parse(phone, here or country_of_zone(Company.get().time_zone) or None)
    except NumberParseException:
        return ""
    if phonenumbers.is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return ""
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{written};ext={number.extension}" if number.extension else written
