"""Phone numbers: two ways of writing one are the same number."""

import pytest

from leads.domain.dialling import dialled
from leads.models import Organisation
from pipeline_crm.accounts.models import Company
from tests.factories import make_lead

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "typed", ["030 123456", "+49 30 123456", "0049 (0)30/12 34 56", "tel:+4930123456", "030-123456"]
)
def test_however_it_is_typed_it_is_one_number(typed):
    assert dialled(typed) == "+4930123456"


def test_without_a_country_it_is_in_the_organisations_else_in_ours():
    assert dialled("044 668 18 00", Organisation(name="Juniper", country="Switzerland")) == "+41446681800"
    assert dialled("030 123456", Organisation(name="Juniper", country="Atlantis")) == "+4930123456"
    Company.objects.update_or_create(pk=1, defaults={"time_zone": "America/New_York"})
    assert dialled("(202) 555-0123") == "+12025550123"
    Company.objects.update(time_zone="UTC")
    assert (dialled("030 123456"), dialled("+49 30 123456")) == ("", "+4930123456")


def test_two_extensions_are_two_numbers():
    assert [dialled(f"+49 30 123456 ext. {n}") for n in (7, 8)] == ["+4930123456;ext=7", "+4930123456;ext=8"]


@pytest.mark.parametrize("typed", ["", "call me", "12", "+", "0" * 40, "\x00", "٣" * 3, "+49 30 " + "1" * 30])
def test_what_is_no_number_is_none(typed):
    assert dialled(typed) == ""


def test_a_person_keeps_what_was_typed_and_the_number_it_means():
    person = make_lead(name="Kim", phone=" 030 / 12 34 56 ").person
    assert (person.phone, person.phone_e164) == ("030 / 12 34 56", "+4930123456")
