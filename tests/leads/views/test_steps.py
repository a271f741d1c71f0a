"""Steps of a lead over HTTP."""

import json

import pytest

from leads.models import LeadStage
from tests.factories import make_lead, three_people

pytestmark = pytest.mark.django_db


def test_a_slip_is_told_as_one_and_has_nothing_to_undo(client):
    ana, *_others = three_people()
    lead = make_lead(by=ana, owner=ana)
    client.force_login(ana)
    for version, to in enumerate((LeadStage.NURTURING, LeadStage.GENERATION), 1):
        answer = client.post(f"/leads/{lead.pk}/stage/", {"to": to, "version": version}, headers={"HX-Request": "true"})
    moved = json.loads(answer["HX-Trigger"])["card-moved"]
    assert (moved["say"], moved["undo"]) == (f"{lead.name} moved back; the slip is not counted.", "")
