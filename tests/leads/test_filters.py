"""What the marketing board is narrowed to by score, touches and consent."""

import pytest
from django.http import QueryDict
from django.utils import timezone

from leads.domain import touching
from leads.domain.contacting import consenting
from leads.domain.recycling import local_date
from leads.filters import LeadFilter
from leads.models import Lead
from tests.factories import ago, make_lead, make_user

pytestmark = pytest.mark.django_db


def admitted(query: str) -> set[str]:
    filter = LeadFilter(QueryDict(query))
    assert filter.is_valid(), filter.errors
    found = filter.apply(Lead.objects.all(), user=make_user(), today=local_date(timezone.now()))
    return set(found.values_list("title", flat=True))


def test_by_stage_and_score():
    for title, score in (("low", 9), ("fair", 40), ("high", 80)):
        Lead.objects.filter(pk=make_lead(title=title).pk).update(score=score)
    make_lead(title="nurtured", stage="nurturing")
    assert admitted("score_from=40") == {"fair", "high"}
    assert admitted("score_from=10&score_to=79") == {"fair"}
    assert admitted("stage=nurturing") == {"nurtured"}


def test_by_the_last_touch_of_the_lead_or_of_its_person_elsewhere():
    kim = {"name": "Kim", "email": "kim@juniper.example"}
    lead, again, old = make_lead(title="lead", **kim), make_lead(title="again", **kim), make_lead(title="old")
    make_lead(title="never")
    touching.touch(lead, kind="call", at=ago(3))
    touching.touch(old, kind="call", at=ago(30))
    assert admitted("touched_within=7") == {"lead", "again"}
    assert admitted("touched_within=60") == {"lead", "again", "old"}
    assert admitted("untouched_for=7") == {"old", "never"}
    assert again.person == lead.person


def test_by_what_they_may_be_written_to_about():
    for name in ("given", "taken", "other"):
        person = make_lead(title=name, name=name, email=f"{name}@juniper.example").person
        consenting.record(person, ["news" if name == "other" else "offers"], words="Yes", by=None, at=ago(3))
        if name == "taken":
            consenting.withdraw(person, by=None, at=ago(2))
    make_lead(title="silent")
    assert admitted("consent=offers") == {"given"}
    assert admitted("consent=news") == {"other"}
    assert admitted("consent=nothing") == {"taken", "silent"}


@pytest.mark.parametrize("query", ["score_from=101", "score_from=9&score_to=8", "consent=all", "touched_within=0"])
def test_what_makes_no_sense_is_refused(query):
    assert not LeadFilter(QueryDict(query)).is_valid()
