from datetime import UTC, datetime

import pytest

from leads.models import Likeness, Person
from pipeline_crm import demo

pytestmark = pytest.mark.django_db


def test_a_few_came_in_twice_and_nobody_else_shares_a_number(monkeypatch):
    monkeypatch.setattr(demo, "LEADS", 300)
    monkeypatch.setattr(demo, "HOUSES", 250)
    demo.load(at=datetime(2024, 11, 22, 12, tzinfo=UTC), password="secret")
    pairs = Likeness.objects.open()
    assert 1 <= len(pairs) <= 3 and {tuple(pair.signs) for pair in pairs} == {("phone",)}
    assert all(pair.lead.person.phone_e164 == pair.like.person.phone_e164 for pair in pairs)
    numbers = list(Person.objects.exclude(phone="").values_list("phone_e164", flat=True))
    assert "" not in numbers and len(numbers) == len(set(numbers)) + len(pairs)
