"""Files as Salesforce, HubSpot, Pipedrive and Zoho export them, small and of our own making."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from deals.models import Deal

from .shapes import PLAIN, bring_in, counts

pytestmark = pytest.mark.django_db

SALESFORCE = {
    **PLAIN,
    "source": "Salesforce",
    "columns": {
        "key": "Id",
        "stage": "StageName",
        "amount": "Amount",
        "currency": "CurrencyIsoCode",
        "created": "CreatedDate",
        "closed": "CloseDate",
        "expected_close": "CloseDate",
        "title": "Name",
    },
    "stages": {"Qualification": "Inquiry", "Closed Won": "Order", "Closed Lost": "Lost"},
    "leave_out": {"column": "IsDeleted", "words": ["1", "true"]},
}


def test_a_salesforce_data_export_quoted_and_in_cp1252(tmp_path):
    rows = [
        "Id,Name,CreatedDate,StageName,Amount,CloseDate,CurrencyIsoCode,IsDeleted",
        "006A,Müller – Halle 3,2023-02-07 20:47:49,Closed Won,16120999.999999998,2023-03-01,EUR,0",
        "006B,Weiß,2023-02-07 20:47:49,Qualification,1000.0,2023-09-30,EUR,0",
        "006C,Gone,2023-02-07 20:47:49,Qualification,1000.0,2023-09-30,EUR,1",
    ]
    content = "\r\n".join('"' + row.replace(",", '","') + '"' for row in rows).encode("cp1252")
    outcome = bring_in(tmp_path / "Opportunity.csv", content, SALESFORCE)
    assert (counts(outcome), outcome.encoding) == ((3, 2, 0, 1, 0), "cp1252")
    won, open_one = (Deal.objects.get(imported_cases__key=key) for key in ("006A", "006B"))
    assert (won.title, won.amount, won.expected_close) == ("Müller – Halle 3", Decimal(16121000), None)
    assert won.created_at == datetime(2023, 2, 7, 19, 47, 49, tzinfo=UTC)
    assert open_one.expected_close == date(2023, 9, 30)


def test_a_salesforce_report_export_with_dollar_amounts(tmp_path):
    mapping = {
        **PLAIN,
        "columns": {"key": "Opportunity Name", "stage": "Stage", "amount": "Amount", "closed": "Close Date"},
        "stages": {"Closed Won": "Order"},
        "date_order": "MDY",
        "currency": None,
    }
    content = 'Opportunity Name,Stage,Amount,Close Date\nBig one,Closed Won,"€1,234,567",3/14/2023\n'
    bring_in(tmp_path / "report.csv", content, mapping)
    deal = Deal.objects.get()
    assert (deal.amount, deal.stage_entered_at.date()) == (Decimal(1234567), date(2023, 3, 14))


HUBSPOT = {
    **PLAIN,
    "source": "HubSpot",
    "columns": {
        "key": "Record ID",
        "title": "Deal Name",
        "stage": "Deal Stage",
        "owner": "Deal owner",
        "amount": "Amount",
        "created": "Create Date",
    },
    "stages": {"Appointment": "Inquiry", "Offer": "Proposal", "Contract": "Estimate", "Won": "Order"},
    "entered": {
        "Inquiry": "date_entered_appointment",
        "Proposal": "date_entered_offer",
        "Estimate": "date_entered_contract",
        "Order": "date_entered_won",
    },
}


def test_a_hubspot_export_in_wide_form_with_holes_for_skipped_stages(tmp_path):
    content = (
        "Record ID,Deal Name,Deal Stage,Deal owner,Amount,Create Date,date_entered_appointment,date_entered_offer,"
        "date_entered_contract,date_entered_won\n"
        "12345678901,Acme,Won,Ana,10,2023-01-01,2023-01-01 09:00,,2023-01-09 09:00,2023-01-20 09:00\n"
        "1.23457E+10,Spoilt,Won,Ana,10,2023-01-01,2023-01-01 09:00,,,\n"
    )
    outcome = bring_in(tmp_path / "hubspot-crm-exports-all-deals-2023-02-01.csv", content, HUBSPOT)
    assert counts(outcome) == (2, 1, 0, 0, 1)
    assert "lost its digits in a spreadsheet" in outcome.as_json()["reasons"][0]["reason"]
    steps = Deal.objects.get().events.order_by("seq").values_list("to_stage__name", "occurred_at__day", "is_exact")
    assert list(steps) == [("Inquiry", 1, True), ("Estimate", 9, True), ("Order", 20, True)]


PIPEDRIVE = {
    **PLAIN,
    "source": "Pipedrive",
    "columns": {
        "key": "Deal - ID",
        "title": "Deal - Title",
        "owner": "Deal - Owner",
        "amount": "Deal - Value",
        "currency": "Deal - Currency of Value",
        "stage": "Deal - Stage",
        "created": "Deal - Deal created",
        "reason": "Deal - Lost reason",
    },
    "stages": {"Contacted": "Inquiry", "Offered": "Proposal"},
    "entered": {"Order": "Deal - Won time", "Lost": "Deal - Lost time"},
    "outcome": {"column": "Deal - Status", "words": {"Open": "open", "Won": "won", "Lost": "lost"}},
    "reasons": {"words": {"too expensive": "Price"}, "otherwise": "Unknown"},
}
PIPEDRIVE_HEAD = (
    "Deal - ID,Deal - Title,Deal - Owner,Deal - Value,Deal - Currency of Value,Deal - Stage,Deal - Status,"
    "Deal - Deal created,Deal - Won time,Deal - Lost time,Deal - Lost reason\n"
)


def test_a_pipedrive_export_with_status_beside_stage_and_excel_dates(tmp_path):
    content = PIPEDRIVE_HEAD + (
        "1,One,Ana,100,EUR,Offered,Won,44927.5,44937.25,,\n"
        "2,Two,Ana,100,EUR,Contacted,Lost,2023-01-01 10:00:00,,2023-02-01 10:00:00,Too expensive\n"
        "3,Three,Ana,100,EUR,Contacted,Lost,2023-01-01 10:00:00,,2023-02-01 10:00:00,\n"
        "4,Four,Ana,100,EUR,Contacted,Open,2023-01-01 10:00:00,,,\n"
    )
    assert counts(bring_in(tmp_path / "deals.csv", content, PIPEDRIVE)) == (4, 4, 0, 0, 0)
    told = {}
    for deal in Deal.objects.prefetch_related("events__lost_reason", "events__to_stage", "imported_cases"):
        events = sorted(deal.events.all(), key=lambda event: event.seq)
        last = events[-1].lost_reason
        told[deal.imported_cases.all()[0].key] = ([event.to_stage.name for event in events], last and last.name)
    assert told == {
        "1": (["Proposal", "Order"], None),
        "2": (["Inquiry", "Lost"], "Price"),
        "3": (["Inquiry", "Lost"], "Unknown"),
        "4": (["Inquiry"], None),
    }


def test_a_zoho_export_with_mixed_amounts_and_dates(tmp_path):
    mapping = {
        **PLAIN,
        "source": "Zoho",
        "columns": {
            "key": "Record Id",
            "title": "Deal Name",
            "organisation": "Account Name",
            "stage": "Stage",
            "amount": "Amount",
            "expected_close": "Closing Date",
        },
        "stages": {"Needs Analysis": "Inquiry"},
        "date_order": "MDY",
        "currency": None,
    }
    content = (
        '"Record Id","Deal Name","Account Name","Stage","Closing Date","Amount"\n'
        'zcrm_1,A,Acme,Needs Analysis,2026-11-15,"42,000"\n'
        'zcrm_2,B,Acme,Needs Analysis,10/01/2026,"€12,400.00"\n'
    )
    assert counts(bring_in(tmp_path / "Deals.csv", content, mapping)) == (2, 2, 0, 0, 0)
    assert list(Deal.objects.order_by("title").values_list("amount", "expected_close")) == [
        (Decimal(42000), date(2026, 11, 15)),
        (Decimal(12400), date(2026, 10, 1)),
    ]
