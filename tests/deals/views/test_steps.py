"""Steps of a deal over HTTP: fragments for htmx, redirects for plain forms, refusals with the card as it really is."""

import json
from datetime import date, timedelta

import pytest
from django.utils import timezone

from deals.domain import closing, moving, shaping
from deals.models import Deal
from leads.models import Lead
from tests.factories import make_deal, make_pipeline, make_reason, stage_of, three_people

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def scene(client):
    ana, ben, cleo = three_people()
    pipeline = make_pipeline("New business", is_default=True)
    deal = make_deal(pipeline=pipeline, owner=ana, team=ana.memberships.get().team, by=ana)
    client.force_login(ana)
    return client, ana, ben, cleo, deal


def event_of(answer, name):
    return json.loads(answer["HX-Trigger"])[name]


def test_a_plain_form_moves_the_deal_and_returns_to_its_page(scene):
    client, *_people, deal = scene
    to = stage_of(deal.pipeline, "Proposal")
    answer = client.post(f"/deals/{deal.pk}/stage/", {"to": to.pk, "version": deal.version})
    assert (answer.status_code, answer.url) == (302, f"/deals/{deal.pk}/")
    assert Deal.objects.get(pk=deal.pk).stage == to


def test_a_move_is_answered_by_the_card_and_every_head(scene):
    client, *_people, deal = scene
    to = stage_of(deal.pipeline, "Proposal")
    answer = client.post(f"/deals/{deal.pk}/stage/", {"to": to.pk, "version": deal.version}, **HTMX)
    body = answer.content.decode()
    assert "<html" not in body
    assert f'id="card-{deal.pk}"' in body
    for stage in deal.pipeline.stages.exclude(kind="lost"):
        assert f'id="head-{stage.pk}" hx-swap-oob="true"' in body
    happening = event_of(answer, "card-moved")
    assert happening["stage"] == to.pk
    assert happening["undo"] == f"/deals/{deal.pk}/undoing/"


def test_what_was_not_seen_is_not_overwritten(scene):
    client, ana, ben, _cleo, deal = scene
    proposal, estimate = stage_of(deal.pipeline, "Proposal"), stage_of(deal.pipeline, "Estimate")
    client.force_login(ben)
    client.post(f"/deals/{deal.pk}/stage/", {"to": estimate.pk, "version": deal.version})
    client.force_login(ana)
    answer = client.post(f"/deals/{deal.pk}/stage/", {"to": proposal.pk, "version": deal.version}, **HTMX)
    assert answer.status_code == 409
    assert "Ben" in event_of(answer, "refused")["message"]
    assert f'data-stage="{estimate.pk}"' in answer.content.decode(), "the card as it really is"
    page = client.post(f"/deals/{deal.pk}/stage/", {"to": proposal.pk, "version": deal.version})
    assert page.status_code == 409
    assert "Ben" in page.content.decode()


def test_missing_fields_are_named(scene):
    client, *_people, deal = scene
    to = stage_of(deal.pipeline, "Proposal")
    to.required_fields = ["expected_close"]
    to.save()
    answer = client.post(f"/deals/{deal.pk}/stage/", {"to": to.pk, "version": deal.version}, **HTMX)
    assert answer.status_code == 422
    assert event_of(answer, "refused")["fields"] == ["expected_close"]


def test_lost_needs_a_reason(scene):
    client, *_people, deal = scene
    answer = client.post(f"/deals/{deal.pk}/closure/", {"outcome": "lost", "version": deal.version}, **HTMX)
    assert answer.status_code == 422
    assert Deal.objects.get(pk=deal.pk).stage.is_open


def test_lost_and_back_to_nurturing_in_one_step(scene):
    client, *_people, deal = scene
    day = date.today() + timedelta(days=60)
    fields = {"outcome": "lost", "reason": make_reason("Timing").pk, "recycle": "on", "contact_again_on": day}
    answer = client.post(f"/deals/{deal.pk}/closure/", fields | {"version": deal.version}, **HTMX)
    assert f'id="card-{deal.pk}"' not in answer.content.decode(), "a lost deal leaves the board"
    lead = Lead.objects.get(pk=deal.lead_id)
    assert (lead.stage, lead.contact_again_on) == ("waiting", day)


def test_undo_takes_the_move_back(scene):
    client, *_people, deal = scene
    moved = client.post(
        f"/deals/{deal.pk}/stage/", {"to": stage_of(deal.pipeline, "Estimate").pk, "version": deal.version}, **HTMX
    )
    happening = event_of(moved, "card-moved")
    answer = client.post(happening["undo"], {"version": happening["version"]}, **HTMX)
    assert "Undone" in event_of(answer, "card-moved")["say"]
    assert Deal.objects.get(pk=deal.pk).stage == deal.stage


def test_the_same_request_twice_moves_once(scene):
    client, *_people, deal = scene
    fields = {"to": stage_of(deal.pipeline, "Estimate").pk, "version": deal.version, "request_id": "one"}
    first, second = (client.post(f"/deals/{deal.pk}/stage/", fields, **HTMX) for _ in range(2))
    assert first.content == second.content
    assert deal.events.count() == 2


@pytest.mark.parametrize(
    "noun", ["stage", "closure", "reopening", "recycling", "undoing", "corrections", "facts", "activities", "notes"]
)
def test_strangers_find_nothing_and_team_mates_may_not_change(scene, noun):
    client, ana, _ben, cleo, deal = scene
    client.force_login(cleo)
    assert client.post(f"/deals/{deal.pk}/{noun}/").status_code == 404
    mate = make_mate(ana)
    client.force_login(mate)
    assert client.get(f"/deals/{deal.pk}/").status_code == 200
    assert client.post(f"/deals/{deal.pk}/{noun}/").status_code == 403
    assert client.get(f"/deals/{deal.pk}/{noun}/").status_code in (403, 405)


def make_mate(ana):
    from tests.factories import make_user

    return make_user(name="Mate", team=ana.memberships.get().team)


def test_a_slip_is_told_as_one_and_has_nothing_to_undo(scene):
    client, *_people, deal = scene
    hearing, inquiry = stage_of(deal.pipeline, "Hearing"), stage_of(deal.pipeline, "Inquiry")
    client.post(f"/deals/{deal.pk}/stage/", {"to": hearing.pk, "version": 1}, **HTMX)
    moved = event_of(client.post(f"/deals/{deal.pk}/stage/", {"to": inquiry.pk, "version": 2}, **HTMX), "card-moved")
    assert (moved["say"], moved["undo"]) == (f"{deal.name} moved back; the slip is not counted.", "")
    client.post(f"/deals/{deal.pk}/closure/", {"outcome": "won"}, **HTMX)
    open_again = event_of(client.post(f"/deals/{deal.pk}/reopening/", **HTMX), "card-moved")
    assert (open_again["say"], open_again["undo"]) == (moved["say"], "")


def test_nobody_undoes_a_step_they_have_not_seen(scene):
    client, _ana, ben, _cleo, deal = scene
    page = client.get(f"/deals/{deal.pk}/").content.decode()
    undo = page[page.index(f'action="/deals/{deal.pk}/undoing/"') :]
    assert f'name="version" value="{deal.version}"' in undo[: undo.index("</form>")]
    moving.move(deal, to=stage_of(deal.pipeline, "Hearing"), by=ben, at=timezone.now())
    answer = client.post(f"/deals/{deal.pk}/undoing/", {"version": 1}, **HTMX)
    assert answer.status_code == 409
    assert Deal.objects.get(pk=deal.pk).stage.name == "Hearing"


def test_reopening_takes_the_day_it_happened(scene):
    client, ana, *_people, deal = scene
    won = make_deal(pipeline=deal.pipeline, owner=ana, team=deal.team, by=ana, at=timezone.now() - timedelta(days=9))
    closing.win(won, by=ana, at=timezone.now() - timedelta(days=5))
    day = timezone.localdate() - timedelta(days=2)
    fields = {"to": stage_of(won.pipeline, "Hearing").pk, "at": day.isoformat()}
    assert client.post(f"/deals/{won.pk}/reopening/", fields, **HTMX).status_code == 200
    assert timezone.localdate(Deal.objects.get(pk=won.pk).stage_entered_at) == day
    closing.win(won, by=ana, at=timezone.now())
    fields["at"] = (timezone.localdate() + timedelta(days=2)).isoformat()
    assert client.post(f"/deals/{won.pk}/reopening/", fields, **HTMX).status_code == 422


def test_reopening_asks_for_what_the_stage_needs_and_takes_it_along(scene):
    client, ana, *_people, deal = scene
    closing.lose(deal, reason=make_reason(), by=ana, at=timezone.now())
    shaping.set_rules(stage_of(deal.pipeline, "Inquiry"), by=None, required_fields=["competitor"])
    address = f"/deals/{deal.pk}/reopening/"
    to = stage_of(deal.pipeline, "Hearing").pk
    shaping.set_rules(stage_of(deal.pipeline, "Hearing"), by=None, required_fields=["competitor", "person"])
    answer = client.post(address, {"to": to}, **HTMX)
    assert (answer.status_code, event_of(answer, "refused")["fields"]) == (422, ["competitor", "person"])
    assert 'name="person"' in answer.content.decode()
    assert client.post(address, {"to": to, "competitor": "Halden", "person": "Mina Baum"}, **HTMX).status_code == 200
    deal.refresh_from_db()
    assert (deal.stage.name, deal.competitor, deal.person.name) == ("Hearing", "Halden", "Mina Baum")
