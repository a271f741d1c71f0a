"""The table of a filter: any order, pages, sums of all, the rights of who looks at each row; and the same as a file."""

import csv
import io
import json
import re
from datetime import date

import pytest
from django.utils import timezone

from deals.domain import closing, norming, noting, revising
from deals.models import Deal
from leads.models import Source
from pipeline_crm.accounts.models import Role
from tests.factories import (
    ago,
    day_ago,
    make_deal,
    make_lead,
    make_pipeline,
    make_reason,
    make_user,
    stage_of,
    three_people,
)

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture
def scene(client):
    ana, ben, cleo = three_people()
    team = ana.memberships.get().team
    pipeline = make_pipeline("New business", is_default=True)
    client.force_login(ana)
    return client, ana, ben, cleo, team, pipeline


def shown(answer):
    return [int(pk) for pk in re.findall(r'<tr id="row-(\d+)"', answer.content.decode())]


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def row(answer, deal):
    return re.search(rf'<tr id="row-{deal.pk}".*?</tr>', answer.content.decode(), re.S)[0]


def three_deals(ana, ben, team, pipeline):
    """Three deals whose every column differs, with something missing in the last."""
    facts = [
        ("Alder", "Pilot", "Hearing", 300, date(2030, 1, 3), date(2030, 2, 2), 9, ana, "Fair", "warm"),
        ("Birch", "Audit", "Proposal", 100, date(2030, 1, 9), date(2030, 2, 1), 5, ben, "Ads", "cold"),
        ("Cedar", "", "Inquiry", None, None, None, 2, ana, None, None),
    ]
    deals = []
    for name, title, stage, amount, closes, due, days, owner, source, tag in facts:
        lead = make_lead(organisation=name, by=ana, at=ago(40), source=source and Source.objects.create(name=source))
        fields = {"owner": owner, "team": team, "title": title, "expected_close": closes}
        deal = make_deal(
            pipeline=pipeline,
            stage=stage,
            lead=lead,
            by=ana,
            at=ago(days),
            amount=amount,
            tags=[tag] if tag else [],
            **fields,
        )
        if due:
            noting.plan(deal, kind="call", subject="Ring", due_on=due, by=ana, at=timezone.now())
        deals.append(deal)
    return deals


@pytest.mark.parametrize(
    ("order", "places"),
    [
        ("", "012"), ("name", "012"), ("-name", "210"), ("title", "210"), ("stage", "201"), ("-value", "012"),
        ("value", "102"), ("chance", "201"), ("-weighted", "012"), ("close", "012"), ("-close", "102"), ("next", "102"),
        ("days", "210"), ("-days", "012"), ("owner", "021"), ("source", "102"), ("tags", "102"),
    ],
)  # fmt: skip
def test_each_head_orders_by_its_column_and_says_so(scene, order, places):
    client, ana, ben, _cleo, team, pipeline = scene
    deals = three_deals(ana, ben, team, pipeline)
    for stage, chance in (("Inquiry", "0.1"), ("Hearing", "0.3"), ("Proposal", "0.5")):
        pipeline.stages.filter(name=stage).update(fixed_chance=chance)
    answer = client.get(f"/sales/{pipeline.pk}/table/?order={order}")
    assert shown(answer) == [deals[int(place)].pk for place in places]
    column = order.removeprefix("-") or "value"
    direction = "descending" if order.startswith("-") or not order else "ascending"
    head = re.search(rf'<th class="{column}[^>]*>', answer.content.decode())[0]
    assert f'aria-sort="{direction}"' in head
    assert answer.content.decode().count("aria-sort") == 1


def test_sums_are_of_the_whole_filter_and_name_what_they_leave_out(scene, monkeypatch):
    client, ana, ben, _cleo, team, pipeline = scene
    three_deals(ana, ben, team, pipeline)
    pipeline.stages.filter(name="Hearing").update(fixed_chance="0.5")
    pipeline.stages.filter(name__in=("Proposal", "Inquiry")).update(fixed_chance=None)
    monkeypatch.setattr("deals.listing.ROWS_AT_ONCE", 2)
    answer = client.get(f"/sales/{pipeline.pk}/table/")
    assert len(shown(answer)) == 2
    assert "3 deals €400" in words(answer)
    assert "€150 without Inquiry, Proposal" in words(answer)
    assert "1–2 of 3 Page 1 of 2" in words(answer)
    assert len(shown(client.get(f"/sales/{pipeline.pk}/table/?page=2"))) == 1
    assert len(shown(client.get(f"/sales/{pipeline.pk}/table/?page=99"))) == 1, "beyond the last is the last"


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "9" * 50, ""])
def test_any_page_is_some_page(scene, page):
    client, ana, ben, _cleo, team, pipeline = scene
    three_deals(ana, ben, team, pipeline)
    assert len(shown(client.get(f"/sales/{pipeline.pk}/table/", {"page": page}))) == 3


def test_the_measured_chance_is_the_one_shown(scene):
    client, ana, ben, _cleo, team, pipeline = scene
    alder, *_others = three_deals(ana, ben, team, pipeline)
    learned = norming.Learned(stage=alder.stage_id, n=40, median_days=3, p85_days=6, chance=0.35)
    norming.write_norms([learned], as_of=timezone.now())
    text = re.sub(r"<[^>]+>", " ", row(client.get(f"/sales/{pipeline.pk}/table/"), alder))
    assert "35\u2009%" in text and "€105" in text
    assert "stalled" in text


@pytest.mark.parametrize(
    ("query", "places"),
    [("", "0"), ("status=won", "1"), ("status=lost", "2"), ("status=all", "012"), ("stage={stage}", "1")],
)
def test_closed_deals_are_shown_when_the_filter_asks_for_them(scene, query, places):
    client, ana, ben, _cleo, team, pipeline = scene
    deals = three_deals(ana, ben, team, pipeline)
    closing.win(deals[1], by=ana, at=timezone.now())
    closing.lose(deals[2], reason=make_reason(), by=ana, at=timezone.now())
    answer = client.get(f"/sales/{pipeline.pk}/table/?{query.format(stage=pipeline.won_stage.pk)}")
    assert shown(answer) == [deals[int(place)].pk for place in places]


def test_the_way_to_the_board_and_back_keeps_what_both_know(scene):
    client, *_people, pipeline = scene
    table = client.get(f"/sales/{pipeline.pk}/table/?status=won&order=name&mine=1&sort=value").content.decode()
    assert f'href="/sales/{pipeline.pk}/?mine=1&amp;sort=value"' in table
    board = client.get(f"/sales/{pipeline.pk}/?mine=1&sort=value").content.decode()
    assert f'href="/sales/{pipeline.pk}/table/?mine=1&amp;sort=value"' in board
    assert client.get(f"/sales/{pipeline.pk}/?status=won").status_code == 422


def test_a_stage_of_another_pipeline_is_no_filter(scene):
    client, *_people, pipeline = scene
    stage = make_pipeline("Renewals").first_stage
    assert client.get(f"/sales/{pipeline.pk}/table/?stage={stage.pk}").status_code == 422


def test_with_htmx_only_the_rows_come_with_what_depends_on_the_filter(scene):
    client, ana, ben, _cleo, team, pipeline = scene
    three_deals(ana, ben, team, pipeline)
    part = client.get(f"/sales/{pipeline.pk}/table/?owner={ana.pk}&order=name", headers=HTMX).content.decode()
    assert "<html" not in part
    assert re.search(r'<section id="rows"', part)
    for name in ("chosen", "chosencount", "switch"):
        assert re.search(rf'id="{name}"[^>]* hx-swap-oob="true"', part), name
    assert '<input type="hidden" name="order" value="name" form="filter">' in part


def test_rows_offer_changes_only_to_who_may_make_them(scene):
    client, ana, ben, cleo, team, pipeline = scene
    alder, birch, _cedar = three_deals(ana, ben, team, pipeline)
    answer = client.get(f"/sales/{pipeline.pk}/table/")
    assert re.findall(r'data-edits="(\w+)"', row(answer, alder)) == ["stage", "amount", "close", "owner"]
    assert "data-edits" not in row(answer, birch), "Ben's"
    client.force_login(cleo)
    assert shown(client.get(f"/sales/{pipeline.pk}/table/")) == []


@pytest.mark.parametrize("count", [1, 3])
def test_the_table_asks_as_often_for_one_row_as_for_three(scene, django_assert_num_queries, count):
    client, ana, _ben, _cleo, team, pipeline = scene
    for _each in range(count):
        make_deal(pipeline=pipeline, owner=ana, team=team, by=ana)
    client.get(f"/sales/{pipeline.pk}/table/")
    with django_assert_num_queries(QUERIES_OF_THE_TABLE):
        client.get(f"/sales/{pipeline.pk}/table/")


QUERIES_OF_THE_TABLE = 19


def row_on(client, deal, query=""):
    page = f"http://testserver/sales/{deal.pipeline_id}/table/{query}"
    return client.get(f"/deals/{deal.pk}/row/", headers=HTMX | {"HX-Current-URL": page})


def test_a_changed_row_comes_with_the_sums_of_its_page(scene):
    client, ana, ben, _cleo, team, pipeline = scene
    alder, birch, _cedar = three_deals(ana, ben, team, pipeline)
    revising.revise(alder, amount=1000, by=ana, at=timezone.now())
    answer = row_on(client, alder)
    assert shown(answer) == [alder.pk]
    assert '<tr id="sums" hx-swap-oob="true">' in answer.content.decode()
    assert "3 deals €1 100" in words(answer)
    assert "Hidden by the filter" not in words(answer)
    assert "Hidden by the filter" in words(row_on(client, alder, f"?owner={ben.pk}"))
    assert client.get(f"/deals/{alder.pk}/row/").url == f"/deals/{alder.pk}/"


def test_what_does_not_fit_a_cell_is_told_in_a_sentence(scene):
    client, ana, ben, _cleo, team, pipeline = scene
    alder, *_others = three_deals(ana, ben, team, pipeline)
    headers = HTMX | {"HX-Current-URL": f"http://testserver/sales/{pipeline.pk}/table/?mine=1"}
    answer = client.post(f"/deals/{alder.pk}/facts/", {"amount": "abc", "version": alder.version}, headers=headers)
    assert answer.status_code == 422
    assert json.loads(answer["HX-Trigger"])["refused"]["message"] == "Value: Enter a number."


def test_two_who_change_one_row_disturb_each_other_only_over_the_same_cell(scene):
    client, ana, ben, _cleo, team, pipeline = scene
    alder, *_others = three_deals(ana, ben, team, pipeline)
    headers = HTMX | {"HX-Current-URL": f"http://testserver/sales/{pipeline.pk}/table/"}
    revising.revise(alder, amount=777, by=ben, at=timezone.now())
    close = {"expected_close": "2031-01-01", "initial-expected_close": "2030-01-03", "version": 1}
    assert client.post(f"/deals/{alder.pk}/facts/", close, headers=headers).status_code == 200
    amount = {"amount": "500", "initial-amount": "300.00", "version": 1}
    answer = client.post(f"/deals/{alder.pk}/facts/", amount, headers=headers)
    assert answer.status_code == 409
    assert json.loads(answer["HX-Trigger"])["refused"]["message"].startswith("Ben has changed the same meanwhile.")
    alder = Deal.objects.get(pk=alder.pk)
    assert (alder.amount, alder.expected_close) == (777, date(2031, 1, 1))


def test_several_rows_at_once_are_answered_by_the_table_they_came_from(scene):
    client, ana, ben, _cleo, team, pipeline = scene
    alder, birch, cedar = three_deals(ana, ben, team, pipeline)
    headers = HTMX | {"HX-Current-URL": f"http://testserver/sales/{pipeline.pk}/table/?order=name"}
    cards = [f"{deal.pk}:{deal.version}" for deal in (alder, birch, cedar)]
    fields = {"card": cards, "action": "move", "to": stage_of(pipeline, "Estimate").pk}
    answer = client.post(f"/sales/{pipeline.pk}/bulk/", fields, headers=headers)
    assert shown(answer) == [alder.pk, birch.pk, cedar.pk]
    assert len(re.findall(r'class="cell" href="[^"]+">Estimate<', answer.content.decode())) == 2
    assert json.loads(answer["HX-Trigger"])["bulk-done"]["left"] == [birch.pk]


def test_the_page_works_without_javascript(scene):
    client, ana, ben, _cleo, team, pipeline = scene
    alder, *_others = three_deals(ana, ben, team, pipeline)
    page = client.get(f"/sales/{pipeline.pk}/table/").content.decode()
    assert f'action="/sales/{pipeline.pk}/bulk/"' in page
    assert f'<input type="checkbox" name="card" value="{alder.pk}:{alder.version}" form="bulk">' in page
    assert f'<input type="hidden" name="next" value="/sales/{pipeline.pk}/table/">' in page
    fields = {
        "card": f"{alder.pk}:{alder.version}",
        "action": "owner",
        "owner": ben.pk,
        "next": f"/sales/{pipeline.pk}/table/",
    }
    answer = client.post(f"/sales/{pipeline.pk}/bulk/", fields, follow=True)
    assert answer.redirect_chain == [(f"/sales/{pipeline.pk}/table/", 302)]
    assert "1 deal is now Ben&#x27;s." in answer.content.decode()


def file_of(answer):
    text = b"".join(answer.streaming_content).decode("utf-8")
    assert text.startswith("\ufeff"), "spreadsheets know UTF-8 by this mark"
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))


def test_the_file_holds_every_deal_of_the_filter_as_programs_read_it(scene, monkeypatch):
    client, ana, ben, _cleo, team, pipeline = scene
    alder, _birch, cedar = three_deals(ana, ben, team, pipeline)
    pipeline.stages.filter(name="Hearing").update(fixed_chance="0.3")
    monkeypatch.setattr("deals.listing.FILE_CHUNK", 2)
    answer = client.get(f"/sales/{pipeline.pk}/table.csv?order=name")
    today = day_ago().isoformat()
    assert answer["Content-Disposition"] == f'attachment; filename="deals-{today}.csv"'
    lines = file_of(answer)
    assert [line["company"] for line in lines] == ["Alder", "Birch", "Cedar"]
    known = {name: lines[0][name] for name in (
        "id", "title", "stage", "status", "value", "currency", "value_in_base_currency", "chance",
        "weighted_in_base_currency", "expected_close", "next_step", "next_step_on", "days_in_stage", "owner", "team",
        "source", "type", "attempt", "tags",
    )}  # fmt: skip
    assert known == {
        "id": str(alder.pk), "title": "Pilot", "stage": "Hearing", "status": "open", "value": "300.00",
        "currency": "EUR", "value_in_base_currency": "300.00", "chance": "0.3", "weighted_in_base_currency": "90.00",
        "expected_close": "2030-01-03", "next_step": "Ring", "next_step_on": "2030-02-02", "days_in_stage": "9",
        "owner": "Ana", "team": team.name, "source": "Fair", "type": "New business", "attempt": "1", "tags": "warm",
    }  # fmt: skip
    last = lines[2]
    assert last["id"] == str(cedar.pk)
    assert {last[name] for name in ("value", "expected_close", "next_step", "weighted_in_base_currency")} == {""}


def test_the_file_holds_only_what_the_person_may_see_and_the_filter_admits(scene):
    client, ana, ben, cleo, team, pipeline = scene
    three_deals(ana, ben, team, pipeline)
    assert len(file_of(client.get(f"/sales/{pipeline.pk}/table.csv?owner={ben.pk}"))) == 1
    client.force_login(cleo)
    assert file_of(client.get(f"/sales/{pipeline.pk}/table.csv?status=all")) == []
    client.force_login(make_user(role=Role.ADMIN, team=team))
    assert len(file_of(client.get(f"/sales/{pipeline.pk}/table.csv"))) == 3


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t="])
def test_no_spreadsheet_executes_what_somebody_typed(scene, start):
    client, ana, ben, _cleo, team, pipeline = scene
    alder, *_others = three_deals(ana, ben, team, pipeline)
    Deal.objects.filter(pk=alder.pk).update(title=f'{start}HYPERLINK("http://evil")', tags=[f"{start}1+1"])
    line = next(line for line in file_of(client.get(f"/sales/{pipeline.pk}/table.csv")) if line["id"] == str(alder.pk))
    assert line["title"].startswith("'" + start)
    assert line["tags"].startswith("'" + start)
