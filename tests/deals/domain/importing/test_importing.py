from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection

from deals.domain import closing, importing, moving, shaping
from deals.domain.importing.directory import StageMissing
from deals.models import Deal, DealEvent, ImportedCase, LostReason, Pipeline, Product
from leads.models import Batch, Lead, LeadEvent, Organisation
from pipeline_crm.accounts.models import ExchangeRate, Membership, User
from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.stage_log import history
from pipeline_crm.foundation.tabular import BadFile
from tests import factories

from .shapes import AT, HISTORY, HISTORY_HEAD, PLAIN, PLAIN_HEAD, bring_in, counts

pytestmark = pytest.mark.django_db

TWO = PLAIN_HEAD + "1,Proposal,1000,2024-05-04,,Ana,Acme\n2,Order,2500.50,2024-05-01,2024-06-01,Ben,Acme\n"


@pytest.fixture
def file(tmp_path):
    return tmp_path / "deals.csv"


def steps_of(deal):
    return [(step.to_stage.name, step.occurred_at, step.is_exact) for step in deal.events.order_by("seq")]


def noon(day: str) -> datetime:
    """Noon in Berlin, in summer."""
    return datetime.fromisoformat(day).replace(hour=10, tzinfo=UTC)


def test_a_row_becomes_a_deal_with_its_lead_organisation_and_owner(file):
    assert counts(bring_in(file, TWO, PLAIN)) == (2, 2, 0, 0, 0)
    deal = Deal.objects.get(imported_cases__key="2")
    assert (deal.stage.name, deal.amount, deal.base_amount, deal.currency) == (
        "Order",
        Decimal("2500.50"),
        Decimal("2500.50"),
        "EUR",
    )
    assert steps_of(deal) == [("Inquiry", noon("2024-05-01"), True), ("Order", noon("2024-06-01"), True)]
    assert (deal.organisation.name, deal.owner.name, deal.owner.is_active) == ("Acme", "Ben", False)
    assert (deal.lead.stage, deal.lead.organisation) == ("accepted", deal.organisation)
    assert Organisation.objects.count() == 1


def test_what_was_imported_says_so_and_was_learned_now(file):
    outcome = bring_in(file, TWO, PLAIN)
    batch = Batch.objects.get()
    assert (batch.pk, batch.summary["created"]) == (outcome.batch_id, 2)
    for model in (DealEvent, LeadEvent):
        assert set(model.objects.values_list("source", "recorded_at", "batch")) == {("import", AT, batch.pk)}


def test_an_open_deal_stands_since_its_creation_but_inexactly(file):
    bring_in(file, TWO, PLAIN)
    assert steps_of(Deal.objects.get(imported_cases__key="1")) == [("Proposal", noon("2024-05-04"), False)]


def test_a_row_without_any_date_is_taken_as_of_the_import(file):
    bring_in(file, PLAIN_HEAD + "1,Proposal,,,,,\n2,Lost,,,,,\n", PLAIN)
    assert [steps_of(deal) for deal in Deal.objects.order_by("imported_cases__key")] == [
        [("Proposal", AT, False)],
        [("Lost", AT, False)],
    ]


def test_a_second_run_adds_nothing(file):
    bring_in(file, TWO, PLAIN)
    tables = (Deal, Lead, DealEvent, LeadEvent, Organisation, User, Batch, Pipeline, Product)
    before = [model.objects.count() for model in tables]
    assert counts(bring_in(file, TWO, PLAIN, at=AT + timedelta(days=1))) == (2, 0, 0, 2, 0)
    assert [model.objects.count() for model in tables] == before


def test_a_dry_run_tells_each_fate_and_changes_nothing(file):
    outcome = bring_in(file, TWO + "3,Nonsense,1,,,,\n", PLAIN, dry_run=True)
    assert [(fate.line, fate.fate) for fate in outcome.in_order()] == [(2, "created"), (3, "created"), (4, "rejected")]
    assert not Deal.objects.exists() and not Pipeline.objects.exists() and not User.objects.exists()


def test_each_line_has_one_fate_and_bad_ones_a_reason(file):
    outcome = bring_in(
        file,
        TWO
        + "3,Nonsense,1,,,,\n"
        + "4,Proposal,-1,,,,\n"
        + "5,Proposal,1,31-02-2024,,,\n"
        + "1,Proposal,1,,,,\n"
        + ",Proposal,1,,,,\n"
        + "6,Proposal,1\n"
        + "7,Order,1,2024-06-01,2024-05-01,,\n"
        + "8,Order,1,2024-06-01,2025-05-01,,\n"
        + "9,Proposal,١٢٣,,,,\n"
        + "10,Proposal,\x00,,,,\n",
        PLAIN,
    )
    assert counts(outcome) == (12, 2, 0, 0, 10)
    assert [(row["line"], row.get("field", ""), row["reason"]) for row in outcome.as_json()["reasons"]] == [
        (4, "stage", "The mapping does not say which stage “Nonsense” is."),
        (5, "amount", "“-1” is below zero."),
        (6, "created", "“31-02-2024” does not begin with the year, and the mapping names no other order."),
        (7, "id", "Line 2 has the same key."),
        (8, "id", "The row has no key."),
        (9, "", "The row has 3 cells, the header 7."),
        (10, "Order", "Order was entered on 2024-05-01, before Inquiry on 2024-06-01."),
        (11, "Order", "2025-05-01 has not come yet."),
        (12, "amount", "“١٢٣” is not an amount."),
        (13, "amount", "The cell contains a NUL character."),
    ]


def test_what_changed_since_is_brought_in_as_change_and_step(file):
    bring_in(file, TWO, PLAIN)
    later = PLAIN_HEAD + "1,Order,1200,2024-05-04,2024-08-02,Ana,Acme\n2,Order,2500.50,2024-05-01,2024-06-01,Ben,Acme\n"
    assert counts(bring_in(file, later, PLAIN, at=AT + timedelta(days=2))) == (2, 0, 1, 1, 0)
    deal = Deal.objects.get(imported_cases__key="1")
    assert (deal.stage.name, deal.amount) == ("Order", Decimal(1200))
    assert list(deal.changes.values_list("field", "before", "after")) == [("amount", "1000.00", "1200.00")]
    assert steps_of(deal)[-1] == ("Order", datetime(2024, 8, 2, 10, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1,Proposal,{},2024-05-04,,,\n", "1,Inquiry,{},2024-05-04,,,\n"),
        ("1,Order,{},2024-05-04,2024-06-01,,\n", "1,Proposal,{},2024-05-04,,,\n"),
        ("1,Lost,{},2024-05-04,2024-06-01,,\n", "1,Inquiry,{},2024-05-04,,,\n"),
    ],
)
def test_a_deal_that_goes_back_and_forth_in_the_file_does_so_here(file, first, second):
    for day, row in enumerate([first, second, first]):
        outcome = bring_in(file, PLAIN_HEAD + row.format(1), PLAIN, at=AT + timedelta(days=day))
        assert Deal.objects.get().stage.name == row.split(",")[1]
    assert counts(outcome) == (1, 0, 1, 0, 0)


def test_a_deal_that_somebody_moved_on_stays_there_until_the_file_names_another_stage(file):
    bring_in(file, PLAIN_HEAD + "1,Inquiry,1,2024-05-04,,,\n", PLAIN)
    bring_in(file, PLAIN_HEAD + "1,Proposal,1,2024-05-04,,,\n", PLAIN)
    deal = Deal.objects.get()
    moving.move(deal, to=deal.pipeline.stages.get(name="Estimate"), by=None, at=AT + timedelta(days=1))
    for row, stage in (("1,Proposal,2,2024-05-04,,,\n", "Estimate"), ("1,Order,2,2024-05-04,2024-08-03,,\n", "Order")):
        assert counts(bring_in(file, PLAIN_HEAD + row, PLAIN, at=AT + timedelta(days=3))) == (1, 0, 1, 0, 0)
        deal = Deal.objects.get()
        assert (deal.stage.name, deal.amount) == (stage, Decimal(2))


def test_an_empty_cell_erases_nothing(file):
    bring_in(file, TWO, PLAIN)
    bring_in(file, TWO.replace("1,Proposal,1000", "1,Proposal,"), PLAIN)
    assert Deal.objects.get(imported_cases__key="1").amount == Decimal(1000)


def test_a_pipeline_with_other_stages_refuses_the_file(file):
    factories.make_pipeline("Imported")
    with pytest.raises(StageMissing, match="has no open stage"):
        bring_in(file, TWO, {**PLAIN, "pipeline": {**PLAIN["pipeline"], "name": "Imported", "stages": [
            {"name": "Never heard of"}, {"name": "Order", "kind": "won"}, {"name": "Lost", "kind": "lost"}
        ]}, "stages": {"Proposal": "Never heard of", "Order": "Order"}})  # fmt: skip


def test_deals_can_go_to_a_pipeline_that_is_there(file):
    factories.make_pipeline("New business")
    outcome = bring_in(file, TWO, PLAIN, pipeline="New business")
    assert outcome.pipeline == "New business"
    assert Deal.objects.filter(pipeline__name="New business").count() == 2
    assert not Pipeline.objects.filter(name="Imported").exists()


@pytest.fixture
def ruled():
    """A pipeline whose Proposal asks for a value and a competitor, and where Inquiry leads to Proposal only."""
    pipeline = factories.make_pipeline("Imported")
    stage = {one.name: one for one in pipeline.stages.all()}
    shaping.set_rules(stage["Proposal"], by=None, required_fields=["amount", "competitor"])
    shaping.set_rules(stage["Inquiry"], by=None, next_stages=[stage["Proposal"]])
    return stage


RULED = {**PLAIN, "columns": {**PLAIN["columns"], "competitor": "rival"}}
RULED_HEAD = PLAIN_HEAD.strip() + ",rival\n"


def rejects(outcome):
    return [(fate.line, fate.key, fate.field, fate.reason) for fate in outcome.in_order() if fate.fate == "rejected"]


def test_where_a_deal_then_stands_asks_for_its_fields(file, ruled):
    rows = "1,Proposal,,2024-05-04,,,,\n2,Proposal,5,2024-05-04,,,,Halden\n3,Estimate,,2024-05-04,,,,\n"
    outcome = bring_in(file, RULED_HEAD + rows, RULED)
    assert counts(outcome) == (3, 2, 0, 0, 1)
    assert rejects(outcome) == [(2, "1", "amount, rival", "Proposal needs: value, competitor.")]
    assert outcome.as_json()["reasons"][0]["field"] == "amount, rival"


def test_a_field_the_file_does_not_have_is_named_in_our_words(file, ruled):
    outcome = bring_in(file, PLAIN_HEAD + "1,Proposal,5,2024-05-04,,,\n", PLAIN)
    assert rejects(outcome) == [(2, "1", "competitor", "Proposal needs: competitor.")]


def test_what_a_new_deal_passed_elsewhere_is_not_judged(file, ruled):
    """Inquiry led straight to the order there, through no stage of ours, and without a word about competitors."""
    mapping = {**HISTORY, "pipeline": {**HISTORY["pipeline"], "name": "Imported"}}
    rows = "a,in,2024-01-01,\na,offer,2024-01-02,\na,won,2024-01-03,5\nb,in,2024-01-01,\nb,won,2024-02-01,\n"
    assert counts(bring_in(file, HISTORY_HEAD + rows, mapping)) == (2, 2, 0, 0, 0)
    assert [len(history(deal)) for deal in Deal.objects.order_by("pk")] == [3, 2]


def test_a_known_deal_goes_on_to_the_next_stages_only(file, ruled):
    bring_in(file, RULED_HEAD + "1,Inquiry,5,2024-05-04,,,,\n2,Inquiry,5,2024-05-04,,,,\n", RULED)
    later = "1,Estimate,7,2024-05-04,,,,\n2,Lost,5,2024-05-04,2024-06-01,,,\n"
    outcome = bring_in(file, RULED_HEAD + later, RULED, at=AT + timedelta(days=1))
    assert counts(outcome) == (2, 0, 1, 0, 1)
    assert rejects(outcome) == [
        (2, "1", "stage", "From Inquiry a deal goes on to Proposal, not to Estimate."),
    ]
    assert Deal.objects.get(imported_cases__key="1").amount == 5, "a rejected line changes nothing"
    assert Deal.objects.get(imported_cases__key="2").stage.name == "Lost"


def test_a_known_deal_may_pass_a_stage_that_asks_but_not_stay_there(file, ruled):
    mapping = {**HISTORY, "pipeline": {**HISTORY["pipeline"], "name": "Imported"}}
    first = "a,in,2024-01-01,\nb,in,2024-01-01,\n"
    bring_in(file, HISTORY_HEAD + first, mapping)
    rows = first + "a,offer,2024-01-02,\nb,offer,2024-01-02,\na,won,2024-01-03,5\n"
    outcome = bring_in(file, HISTORY_HEAD + rows, mapping, at=AT + timedelta(days=1))
    assert counts(outcome) == (2, 0, 1, 0, 1)
    assert rejects(outcome) == [(3, "b", "amount, competitor", "Proposal needs: value, competitor.")]
    a, b = (Deal.objects.get(imported_cases__key=key) for key in "ab")
    assert (a.stage.name, b.stage.name, b.events.count()) == ("Order", "Inquiry", 1)


def test_a_rule_made_later_asks_nothing_of_deals_that_stand_there_already(file, ruled):
    bring_in(file, RULED_HEAD + "1,Estimate,,2024-05-04,,,,\n", RULED)
    shaping.set_rules(ruled["Estimate"], by=None, required_fields=["amount"])
    outcome = bring_in(file, RULED_HEAD + "1,Estimate,,2024-05-04,,,,Halden\n", RULED, at=AT + timedelta(days=1))
    assert counts(outcome) == (1, 0, 1, 0, 0)


def test_a_closed_deal_is_not_asked_when_it_will_close(file, ruled):
    shaping.set_rules(ruled["Order"], by=None, required_fields=["expected_close", "amount"])
    rows = "1,Order,5,2024-05-04,2024-06-01,,,\n2,Order,,2024-05-04,2024-06-01,,,\n"
    outcome = bring_in(file, RULED_HEAD + rows, RULED)
    assert rejects(outcome) == [(3, "2", "amount", "Order needs: value.")]


def test_an_owner_we_know_is_recognised_by_name_or_address(file):
    team = factories.make_team("North")
    ana = factories.make_user(name="Ana", email="ana@example.com", team=team)
    content = PLAIN_HEAD + "1,Proposal,1,,,ana,\n2,Proposal,1,,,ANA@example.com,\n"
    bring_in(file, content, PLAIN)
    assert list(Deal.objects.values_list("owner", "team")) == [(ana.pk, team.pk)] * 2


def test_a_foreign_currency_needs_a_dated_rate(file):
    mapping = {**PLAIN, "currency": "USD"}
    outcome = bring_in(file, TWO, mapping)
    assert counts(outcome) == (2, 0, 0, 0, 2)
    assert "There is no exchange rate from USD to EUR" in outcome.as_json()["reasons"][0]["reason"]
    ExchangeRate.objects.create(currency="USD", on=date(2020, 1, 1), rate=Decimal("0.5"))
    bring_in(file, TWO, mapping)
    assert Deal.objects.get(imported_cases__key="2").base_amount == Decimal("1250.25")


def test_the_newest_deal_is_on_top_and_below_those_already_there(file):
    pipeline = factories.make_pipeline("New business")
    mine = factories.make_deal(pipeline=pipeline, stage=pipeline.stages.get(name="Proposal"))
    rows = "".join(f"{n},Proposal,1,2024-05-{n:02},,,\n" for n in range(1, 10))
    bring_in(file, PLAIN_HEAD + rows, PLAIN, pipeline="New business")
    column = Deal.objects.in_stage(mine.stage).order_by("rank", "id")
    assert [case.key for deal in column[1:] for case in deal.imported_cases.all()] == list("987654321")
    assert column[0] == mine


def test_side_files_give_organisations_products_and_teams_their_facts(file, tmp_path):
    (tmp_path / "accounts.csv").write_text('name,sector,size\nAcme,Steel,"1,200"\nUnused,Paper,5\n')
    (tmp_path / "products.csv").write_text("product,price\nKit,99.50\n")
    (tmp_path / "teams.csv").write_text("who,office\nAna,East\n")
    mapping = {
        **PLAIN,
        "columns": {**PLAIN["columns"], "product": "product"},
        "files": {
            "organisations": {
                "file": "accounts.csv",
                "columns": {"name": "name", "sector": "sector", "employees": "size"},
            },
            "products": {"file": "products.csv", "columns": {"name": "product", "price": "price"}},
            "teams": {"file": "teams.csv", "columns": {"member": "who", "team": "office"}},
        },
    }
    bring_in(file, PLAIN_HEAD.strip() + ",product\n1,Proposal,80,,,Ana,Acme,Kit\n", mapping)
    deal = Deal.objects.get()
    assert (deal.organisation.sector, deal.organisation.employees) == ("Steel", 1200)
    assert (deal.lines.get().product.price, deal.lines.get().unit_price) == (Decimal("99.50"), Decimal(80))
    assert (deal.team.name, Membership.objects.get().team) == ("East", deal.team)


def test_a_missing_side_file_is_said_and_done_without(file):
    mapping = {**PLAIN, "files": {"products": {"file": "products.csv", "columns": {"name": "product"}}}}
    assert bring_in(file, TWO, mapping).warnings == [
        "products.csv does not lie beside the file; the import goes on without it."
    ]


def test_a_file_without_a_mapped_column_is_refused(file):
    with pytest.raises(BadFile, match="deals.csv, line 1, field “amount”: The file has no such column"):
        bring_in(file, "id,stage\n1,Proposal\n", PLAIN)


def test_a_mapping_of_the_other_kind_is_refused(file):
    with pytest.raises(importing.WrongKind):
        bring_in(file, TWO, PLAIN, kind="history")


HISTORY_FILE = HISTORY_HEAD + (
    "b,in,2024-01-01T10:00:00Z,100\n"
    "a,offer,2024-01-03T10:00:00Z,120\n"
    "a,in,2024-01-02T10:00:00Z,100\n"
    "a,offer,2024-01-04T10:00:00Z,120\n"
    "a,note,2024-01-04T11:00:00Z,120\n"
    "a,won,2024-01-05T10:00:00Z,125\n"
    "b,no,2024-01-02T10:00:00Z,\n"
)


def test_a_history_becomes_deals_with_all_their_steps_in_order(file):
    outcome = bring_in(file, HISTORY_FILE, HISTORY)
    assert counts(outcome) == (2, 2, 0, 0, 0)
    assert outcome.as_json()["lines"] == {"in": 7, "used": 6, "ignored": 1, "rejected": 0}
    won = Deal.objects.get(imported_cases__key="a")
    assert list(won.events.order_by("seq").values_list("to_stage__name", "occurred_at__day", "amount")) == [
        ("Inquiry", 2, Decimal(100)),
        ("Proposal", 3, Decimal(120)),
        ("Order", 5, Decimal(125)),
    ]
    assert won.amount == Decimal(125)
    lost = Deal.objects.get(imported_cases__key="b")
    assert (lost.events.last().lost_reason.name, lost.amount) == ("Declined", Decimal(100))


def test_a_longer_history_appends_its_new_steps(file):
    bring_in(file, HISTORY_HEAD + "a,in,2024-01-02T10:00:00Z,100\n", HISTORY)
    longer = HISTORY_HEAD + "a,in,2024-01-02T10:00:00Z,100\na,offer,2024-01-05T10:00:00Z,100\n"
    assert counts(bring_in(file, longer, HISTORY, at=AT + timedelta(days=1))) == (1, 0, 1, 0, 0)
    assert [name for name, *_ in steps_of(Deal.objects.get())] == ["Inquiry", "Proposal"]


def test_a_deal_that_went_another_way_here_is_left_as_it_is(file):
    bring_in(file, HISTORY_HEAD + "a,in,2024-01-02T10:00:00Z,100\n", HISTORY)
    deal = Deal.objects.get()
    closing.lose(deal, reason=LostReason.objects.create(name="Price"), by=None, at=AT)
    longer = HISTORY_HEAD + "a,in,2024-01-02T10:00:00Z,100\na,offer,2024-01-05T10:00:00Z,150\n"
    outcome = bring_in(file, longer, HISTORY, at=AT + timedelta(days=1))
    assert counts(outcome) == (1, 0, 0, 0, 1)
    deal.refresh_from_db()
    assert (deal.stage.name, deal.amount) == ("Lost", Decimal(100))


def test_one_bad_row_rejects_its_whole_case_and_no_other(file):
    content = HISTORY_HEAD + (
        "a,in,2024-01-02T10:00:00Z,100\na,offer,soon,100\nb,in,2024-01-02T10:00:00Z,100\nb,offer,,\n"
        "c,in,2024-01-02T10:00:00Z,1\n,in,2024-01-02T10:00:00Z,1\n"
    )
    outcome = bring_in(file, content, HISTORY)
    assert counts(outcome) == (4, 1, 0, 0, 3)
    assert [(row["line"], row["reason"]) for row in outcome.as_json()["reasons"]] == [
        (3, "“soon” is not a date."),
        (5, "The row has no date."),
        (7, "The row has no key."),
    ]
    assert outcome.as_json()["lines"] == {"in": 6, "used": 1, "ignored": 0, "rejected": 5}


def test_a_cell_too_long_for_its_field_rejects_its_case_of_a_history(file):
    mapping = {**HISTORY, "columns": {**HISTORY["columns"], "reason": "why", "title": "name"}}
    mapping["stages"] = {**HISTORY["stages"], "no": "Lost"}
    content = "case,activity,at,amount,why,name\n" + (
        "a,in,2024-01-02T10:00:00Z,1,,\n"
        f"a,no,2024-01-03T10:00:00Z,1,{'x' * 81},\n"
        f"b,in,2024-01-02T10:00:00Z,1,,{'x' * 201}\n"
        "c,in,2024-01-02T10:00:00Z,1,,\n"
    )
    outcome = bring_in(file, content, mapping)
    assert counts(outcome) == (3, 1, 0, 0, 2)
    assert [(row["line"], row["key"], row["field"], row["reason"]) for row in outcome.as_json()["reasons"]] == [
        (2, "a", "why", "The cell is longer than 80 characters."),
        (4, "b", "name", "The cell is longer than 200 characters."),
    ]
    assert outcome.as_json()["lines"] == {"in": 4, "used": 1, "ignored": 0, "rejected": 3}


def test_a_title_made_from_a_long_key_rejects_its_row(file):
    content = PLAIN_HEAD + f"{'k' * 195},Inquiry,1,,,,\n{'k' * 196},Inquiry,1,,,,\n"
    outcome = bring_in(file, content, {**PLAIN, "title": "Case {key}"})
    assert counts(outcome) == (2, 1, 0, 0, 1)
    assert outcome.as_json()["reasons"][0]["field"] == "id"


@pytest.mark.parametrize(
    ("what", "cell", "sentence"),
    [
        ("name", "x" * 201, "longer than 200 characters"),
        ("sector", "x" * 101, "longer than 100 characters"),
        ("country", "x" * 101, "longer than 100 characters"),
        ("employees", "2147483648", "2147483648 is too large"),
    ],
)
def test_a_cell_of_a_side_file_that_no_field_can_hold_refuses_the_file(file, tmp_path, what, cell, sentence):
    columns = {"name": "name", what: what}
    cells = {"name": "Acme", what: cell}
    (tmp_path / "accounts.csv").write_text(f"{','.join(cells)}\n{','.join(cells.values())}\n")
    mapping = {**PLAIN, "files": {"organisations": {"file": "accounts.csv", "columns": columns}}}
    with pytest.raises(BadFile, match=f"accounts.csv, line 2.*{sentence}"):
        bring_in(file, TWO, mapping)


def test_the_ledger_is_clean_after_an_import(file):
    bring_in(file, TWO, PLAIN)
    bring_in(file, HISTORY_FILE, HISTORY)
    assert [*stage_log.discrepancies(Deal), *stage_log.discrepancies(Lead)] == []


def test_progress_is_told(file):
    told = []
    bring_in(file, TWO, PLAIN, progress=lambda *step: told.append(step))
    assert told[-1] == (2, 2, "Writing deals")


def test_imported_deals_move_like_any_other(file):
    bring_in(file, TWO, PLAIN)
    deal = Deal.objects.get(imported_cases__key="1")
    moving.move(deal, to=deal.pipeline.stages.get(name="Estimate"), by=None, at=AT + timedelta(days=1))
    assert ImportedCase.objects.get(key="1").deal.stage.name == "Estimate"


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '=HYPERLINK("http://x.example")',
        "'; DROP TABLE deals_deal; --",
        "{{ settings.SECRET_KEY }}",
        "\u202egnp.exe",
        "a\u0000b".replace("\u0000", "\u2400"),
        "%s %(x)s",
        "\\N",
    ],
)
def test_hostile_names_come_in_as_they_are_and_do_nothing(file, name):
    quoted = name.replace('"', '""')
    assert counts(bring_in(file, PLAIN_HEAD + f'1,Proposal,1,,,,"{quoted}"\n', PLAIN)) == (1, 1, 0, 0, 0)
    assert Deal.objects.get().organisation.name == name


@pytest.mark.django_db(transaction=True)
def test_a_source_is_imported_by_one_at_a_time(file):
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('import Plain', 0))")
        with pytest.raises(importing.AlreadyImporting, match="Plain is being imported at this moment"):
            bring_in(file, TWO, PLAIN)
        with other.cursor() as cursor:
            cursor.execute("ROLLBACK")
    finally:
        other.close()
    assert counts(bring_in(file, TWO, PLAIN)) == (2, 2, 0, 0, 0)
