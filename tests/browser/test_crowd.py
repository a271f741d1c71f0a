"""Several people move one deal at once through a real web server: no answered move is lost or written twice."""

from urllib.parse import urlsplit

import pytest

from tests.bench.crowd import crowd

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def test_a_hundred_moves_of_four_people(server):
    figures = crowd(urlsplit(server).port, sessions=4, moves=100)
    assert set(figures["statuses"]) <= {200, 409}, figures["statuses"]
    assert figures["moves"] >= 100
    assert (figures["missing"], figures["unasked"], figures["gaps"], figures["discrepancies"]) == ([], [], 0, [])
