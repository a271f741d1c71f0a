"""What sales must know before a lead is theirs, whichever way it is handed over."""

import json

import pytest

from leads.domain import checking, moving, qualifying, together, undoing
from leads.domain.checking import AnswersMissing, Told
from leads.models import Answer, Asks, Criterion, Lead, LeadStage
from pipeline_crm.accounts.models import Role
from pipeline_crm.foundation.stage_log import discrepancies
from tests.factories import ago, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db
HTMX = {"headers": {"HX-Request": "true"}}


@pytest.fixture
def asked():
    """Need must be met, budget known, timing is good to know."""
    words = [("Need", Asks.MET), ("Budget", Asks.KNOWN), ("Timing", Asks.OPTIONAL)]
    return {name: checking.create(name, asks=asks, by=None, at=ago(40)) for name, asks in words}


def tell(lead, asked, **said):
    answers = {asked[name].pk: Told(*(word if isinstance(word, tuple) else (word,))) for name, word in said.items()}
    return checking.tell(lead, answers, by=None, at=ago(5))


def stand(lead) -> str:
    return Lead.objects.get(pk=lead.pk).stage


def test_no_way_in_hands_over_what_the_checklist_lacks(asked):
    ana = make_user()
    lead = make_lead(name="Kim Sato", owner=ana)
    everyone = {"among": Lead.objects.all(), "may": lambda _lead: True, "by": ana, "at": ago(1)}
    for way_in in (
        lambda: moving.move(lead, to=LeadStage.READY, by=ana, at=ago(1)),
        lambda: qualifying.hand_over(lead, by=ana, at=ago(1)),
    ):
        with pytest.raises(AnswersMissing, match="Kim Sato goes to sales: not known yet: Budget; must be a yes: Need"):
            way_in()
    outcome = together.move([(lead.pk, None)], to=LeadStage.READY, **everyone)
    assert [failure.message for failure in outcome.failed] == [
        "Before Kim Sato goes to sales: not known yet: Budget; must be a yes: Need."
    ]
    assert stand(lead) == LeadStage.GENERATION


def test_what_is_good_to_know_is_not_waited_for(asked):
    lead = make_lead()
    tell(lead, asked, Need="yes", Budget="no")
    qualifying.hand_over(lead, by=None, at=ago(1))
    assert stand(lead) == LeadStage.READY


def test_a_need_that_is_denied_is_not_met(asked):
    lead = make_lead()
    tell(lead, asked, Need="no", Budget="yes")
    with pytest.raises(AnswersMissing) as no:
        qualifying.hand_over(lead, by=None, at=ago(1))
    assert no.value.facts["fields"] == [f"criterion_{asked['Need'].pk}"]


def test_answers_may_come_along_with_the_step_and_go_with_it_when_it_is_refused(asked):
    lead = make_lead()
    need, budget = asked["Need"].pk, asked["Budget"].pk
    with pytest.raises(AnswersMissing):
        moving.move(lead, to=LeadStage.READY, answers={need: Told("yes")}, by=None, at=ago(1))
    assert not lead.answers.exists()
    moving.move(lead, to=LeadStage.READY, answers={need: Told("yes"), budget: Told("no", "in May")}, by=None, at=ago(1))
    assert stand(lead) == LeadStage.READY
    assert list(lead.answers.values_list("said", "note")) == [("yes", ""), ("no", "in May")]
    assert list(discrepancies(Lead)) == []


def test_the_newest_answer_stands_and_the_earlier_ones_stay(asked):
    lead = make_lead()
    tell(lead, asked, Budget="no")
    tell(lead, asked, Budget=("yes", "20,000  from\nMay"))
    [budget] = [item for item in checking.checklist(lead) if item.criterion.name == "Budget"]
    assert (budget.said, budget.answer.note) == ("yes", "20,000 from May")
    assert Answer.objects.count() == 2


def test_saying_the_same_again_writes_nothing(asked):
    lead = make_lead()
    assert len(tell(lead, asked, Budget="no", Need="unknown")) == 1
    version = lead.version
    assert tell(lead, asked, Budget="no") == []
    assert Lead.objects.get(pk=lead.pk).version == version


def test_a_hand_over_taken_back_asks_nothing(asked):
    lead = make_lead()
    tell(lead, asked, Need="yes", Budget="yes")
    qualifying.hand_over(lead, by=None, at=ago(2))
    qualifying.hand_back(lead, reason="No budget", by=None, at=ago(0))
    tell(lead, asked, Budget="unknown")
    undoing.undo(lead, by=None, at=ago(0))
    assert stand(lead) == LeadStage.READY


def test_an_archived_criterion_is_asked_no_more_and_comes_back_by_its_name(asked):
    checking.archive(asked["Need"], by=None, at=ago(1))
    lead = make_lead()
    tell(lead, asked, Budget="yes", Need="no")
    qualifying.hand_over(lead, by=None, at=ago(1))
    assert lead.answers.count() == 1
    assert checking.create("need", asks=Asks.MET, by=None, at=ago(0)) == asked["Need"]
    assert Criterion.objects.in_use().count() == 3


def test_two_criteria_have_two_names(asked):
    with pytest.raises(checking.CriterionExists):
        checking.create(" NEED ", by=None, at=ago(0))
    with pytest.raises(checking.CriterionExists):
        checking.revise(asked["Budget"], name="need", by=None, at=ago(0))


def test_the_usual_four_are_made_once(asked):
    assert [one.name for one in checking.usual(by=None, at=ago(0))] == ["Authority"]
    assert checking.usual(by=None, at=ago(0)) == []
    assert [one.name for one in Criterion.objects.all()] == ["Need", "Budget", "Timing", "Authority"]


@pytest.fixture
def mina(client):
    user = make_user(name="Mina", team=make_team(), role=Role.MARKETER)
    client.force_login(user)
    return user


def test_the_board_is_told_what_to_ask_and_takes_the_answers_with_the_step(client, mina, asked):
    lead = make_lead(owner=mina, name="Kim Sato")
    answer = client.post(f"/leads/{lead.pk}/stage/", {"to": "ready"}, **HTMX)
    need, budget, timing = (asked[name].pk for name in ("Need", "Budget", "Timing"))
    refused = json.loads(answer["HX-Trigger"])["refused"]
    page = answer.content.decode()
    assert (answer.status_code, refused["fields"]) == (422, [f"criterion_{need}", f"criterion_{budget}"])
    assert f'name="criterion_{need}"' in page and f'name="criterion_{timing}"' not in page
    sent = {"to": "ready", f"criterion_{need}": "yes", f"criterion_{budget}": "no", f"note_{budget}": "in May"}
    assert client.post(f"/leads/{lead.pk}/stage/", sent, **HTMX).status_code == 200
    assert stand(lead) == LeadStage.READY


def test_without_scripts_the_refusal_is_a_page(client, mina, asked):
    lead = make_lead(owner=mina, name="Kim Sato")
    answer = client.post(f"/leads/{lead.pk}/stage/", {"to": "ready"})
    assert answer.status_code == 422
    assert "must be a yes: Need" in answer.content.decode()


def test_the_panel_shows_what_is_known_and_takes_answers(client, mina, asked):
    lead = make_lead(owner=mina)
    page = client.get(f"/leads/{lead.pk}/").content.decode()
    assert "must be a yes before hand-over" in page
    budget = asked["Budget"].pk
    sent = {f"criterion_{budget}": "yes", f"note_{budget}": "20,000 <b>"}
    page = client.post(f"/leads/{lead.pk}/checklist/", sent, **HTMX).content.decode()
    assert "20,000 &lt;b&gt;" in page
    assert lead.answers.get().by == mina


def test_what_a_colleague_found_out_meanwhile_is_not_overwritten(client, mina, asked):
    lead = make_lead(owner=mina)
    tell(lead, asked, Budget="yes")
    need, budget = f"criterion_{asked['Need'].pk}", f"criterion_{asked['Budget'].pk}"
    seen = {need: "yes", f"initial-{need}": "unknown", budget: "unknown", f"initial-{budget}": "unknown"}
    notes = {name.replace("criterion", "note"): "" for name in seen}
    client.post(f"/leads/{lead.pk}/checklist/", seen | notes, **HTMX)
    assert {item.criterion.name: item.said for item in checking.checklist(lead)} == {
        "Need": "yes", "Budget": "yes", "Timing": "unknown",
    }  # fmt: skip


@pytest.mark.parametrize("word", ["perhaps", "YES", "yes\x00"])
def test_an_answer_that_is_none_is_refused(client, mina, asked, word):
    lead = make_lead(owner=mina)
    sent = {f"criterion_{asked['Need'].pk}": word}
    assert client.post(f"/leads/{lead.pk}/checklist/", sent, **HTMX).status_code == 422
    assert client.post(f"/leads/{lead.pk}/stage/", sent | {"to": "ready"}, **HTMX).status_code == 422
    assert not lead.answers.exists()
