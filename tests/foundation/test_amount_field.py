from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from pipeline_crm.foundation.forms import AmountField


@pytest.mark.parametrize("text", ["12500", "12 500", "12,500", "12'500", "12,500.00", "12\u202f500"])
def test_thousands_may_be_grouped(text):
    assert AmountField().clean(text) == Decimal(12500)


@pytest.mark.parametrize("text", ["12,50", "1,2500", "1,250'000", "12.500,00", "-1", "NaN", "abc", "1.234"])
def test_what_could_mean_two_things_is_refused(text):
    with pytest.raises(ValidationError):
        AmountField().clean(text)


def test_no_amount_is_no_amount():
    assert AmountField().clean("") is None
