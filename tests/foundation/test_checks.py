import pytest
from django.core.checks import run_checks
from django.urls import get_resolver

from pipeline_crm.foundation.checks import every_view_has_a_policy, routes


@pytest.mark.urls("tests.foundation.pages")
def test_the_view_without_a_policy_is_named():
    errors = every_view_has_a_policy()
    assert [error.obj for error in errors] == ["tests.foundation.pages.silent"]
    assert "nested/silent/" in errors[0].msg


def test_every_view_of_the_product_has_a_policy():
    assert [problem for problem in run_checks() if problem.id == "foundation.E001"] == []
    assert len(list(routes(get_resolver()))) > 20
