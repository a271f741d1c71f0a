import pytest

from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.within_request import keeping, kept

pytestmark = pytest.mark.django_db


def test_outside_a_request_everything_is_read_anew():
    numbers = iter([1, 2])
    assert [kept("n", lambda: next(numbers)), kept("n", lambda: next(numbers))] == [1, 2]


def test_the_company_is_read_once_within_a_request(django_assert_num_queries):
    Company.get()
    with keeping(), django_assert_num_queries(1):
        assert Company.get() is Company.get()


def test_a_changed_company_is_read_anew():
    with keeping():
        Company.get()
        other = Company.objects.get()
        other.base_currency = "USD"
        other.save()
        assert Company.get().base_currency == "USD"


def test_nothing_outlives_its_request():
    with keeping():
        Company.get()
    Company.objects.update(time_zone="Asia/Tokyo")
    assert Company.get().time_zone == "Asia/Tokyo"
