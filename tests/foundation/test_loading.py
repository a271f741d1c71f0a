from datetime import date
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads.models import Batch, Lead, LeadEvent, LeadStage, Organisation
from pipeline_crm.accounts.models import ExchangeRate
from pipeline_crm.foundation.loading import copy_in, update_many
from tests.factories import make_lead

pytestmark = pytest.mark.django_db


def test_rows_get_ids_and_are_there_as_they_were():
    rows = [Organisation(name="Tab\tand\nline \\N “ü”", employees=5), Organisation(name="", sector="Steel")]
    copy_in(rows)
    assert [one.pk for one in rows] == [one.pk for one in Organisation.objects.order_by("id")]
    assert Organisation.objects.get(pk=rows[0].pk).name == "Tab\tand\nline \\N “ü”"
    assert (Organisation.objects.get(pk=rows[1].pk).employees, rows[1].created_at is not None) == (None, True)
    assert not rows[0]._state.adding


def test_the_table_is_held_before_an_id_is_given():
    """So that whoever packs what has settled sees that ids are under way."""
    with CaptureQueriesContext(
        connection,
    ) as seen:
        copy_in([Organisation(name="One")])
    asked = [query["sql"] for query in seen]
    lock, given = (next(n for n, sql in enumerate(asked) if word in sql) for word in ("LOCK TABLE", "nextval"))
    assert lock < given


def test_json_numbers_and_days_arrive():
    now = timezone.now()
    copy_in([Batch(kind="x", summary={"a": [1, None, "ü"]}, mapping="a text", created_at=now)])
    assert Batch.objects.values_list("summary", "mapping").get() == ({"a": [1, None, "ü"]}, "a text")
    copy_in([ExchangeRate(currency="CHF", on=date(2026, 1, 1), rate=Decimal("1.05"))])
    assert ExchangeRate.objects.get().rate == Decimal("1.05")


def test_rows_added_later_follow_in_number():
    copy_in([Organisation(name="One")])
    assert Organisation.objects.create(name="Two").pk > Organisation.objects.get(name="One").pk


def test_nothing_is_no_error():
    copy_in([])


def test_constraints_judge_as_ever():
    now = timezone.now()
    lead = Lead(title="x", stage=LeadStage.GENERATION, stage_entered_at=now, created_at=now, tags=["a b", 'c,"d'])
    copy_in([lead])
    assert Lead.objects.get().tags == ["a b", 'c,"d']
    with pytest.raises(IntegrityError, match="first_if_and_only_if_no_past"), transaction.atomic():
        copy_in([LeadEvent(card=lead, seq=2, to_stage="generation", occurred_at=now, recorded_at=now, currency="EUR")])
    copy_in([LeadEvent(card=lead, seq=1, to_stage="generation", occurred_at=now, recorded_at=now, currency="EUR")])


def test_many_rows_are_changed_in_one_statement(django_assert_num_queries):
    leads = [make_lead() for _ in range(3)]
    for days, lead in enumerate(leads):
        lead.title, lead.contact_again_on, lead.score = f"Title {days}", date(2026, 1, 1 + days), days
    with django_assert_num_queries(1):
        update_many(leads, ["title", "contact_again_on", "score", "source"])
    kept = Lead.objects.order_by("pk").values_list("title", "contact_again_on", "score")
    assert list(kept) == [(f"Title {days}", date(2026, 1, 1 + days), days) for days in range(3)]
