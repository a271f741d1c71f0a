"""When two names mean the same company or person."""

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from leads.domain.likening import House, core, domain_of, same_house, same_name, similarity


def house(name, *domains):
    return House(name, frozenset(domains))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        (house("Juniper Foods"), house("Juniper Foods GmbH"), True),
        (house("Juniper Foods"), house("JUNIPER FOOD"), True),
        (house("Evergreen Schools"), house("Evergreen School"), True),
        (house("Kern AG"), house("Kern S.A."), True),
        (house("Kern GmbH"), house("Korn GmbH"), False),
        (house("Mordal Foods"), house("Nordal Foods"), False),
        (house("School 1"), house("School 2"), False),
        (house("Juniper", "juniper.example"), house("Juniper International Foods", "juniper.example"), True),
        (house("Juniper Foods", "juniper.example"), house("Juniper Foods", "juniper.test"), False),
        (house("Juniper Foods", "juniper.example"), house("Juniper Foods"), True),
        (house("", "juniper.example"), house("Juniper Foods", "juniper.example"), True),
        (house("Acme", "host.example"), house("Zebra Trading", "host.example"), False),
        (house(""), house("Juniper"), False),
        (house(""), house(""), False),
    ],
)
def test_what_looks_like_one_company(one, other, is_same):
    assert same_house(one, other) == same_house(other, one) == is_same


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("kim@Juniper.example", "juniper.example"),
        ("https://www.juniper.example/prices?x=1", "juniper.example"),
        ("juniper.example:8080", "juniper.example"),
        ("kim@gmail.com", ""),
        ("juniper", ""),
        ("", ""),
    ],
)
def test_the_domain_of_an_address(text, domain):
    assert domain_of(text) == domain


def test_names_of_people_are_compared_whatever_their_order():
    assert same_name("Jon Smith", "Smith, John") and same_name("KIM SATO", "Kim Sato")
    assert not same_name("Kim Sato", "Ana Sato") and not same_name("", "Kim")


def test_a_name_that_is_only_a_legal_form_stays():
    assert (core("AG"), core("Kern & Co. KG")) == ("ag", "kern")


@pytest.mark.django_db
@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("abc1 -&.", max_size=12), min_size=2, max_size=2))
def test_likeness_is_measured_as_the_database_measures_it(names):
    """Whether ö is a letter depends on the locale of the database; here it always is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT similarity(%s, %s)", names)
        assert similarity(*names) == pytest.approx(cursor.fetchone()[0], abs=1e-6)
