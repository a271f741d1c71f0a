import pytest
from django.http import QueryDict
from django.test import RequestFactory

from pipeline_crm.foundation.filters import UnknownFilter
from tests.foundation.pages import TeamFilter


def asked(query: str) -> TeamFilter:
    return TeamFilter.asked_by(RequestFactory().get(f"/?{query}"))


def test_only_what_narrows_is_chosen():
    assert asked("name=north&size=").chosen == {"name": "north"}


def test_an_unknown_parameter_is_refused_by_name():
    with pytest.raises(UnknownFilter, match="colour"):
        asked("name=north&colour=red")


def test_a_parameter_of_the_page_is_none_of_the_filters_business():
    assert asked("page=2").chosen == {}


def test_a_value_that_does_not_fit_is_refused():
    with pytest.raises(UnknownFilter, match="size"):
        asked("size=big")


def test_the_query_can_be_written_again_with_changes():
    assert QueryDict(asked("name=north&size=3").query(size=None, name="south")).dict() == {"name": "south"}
