import pytest
from django.test import Client

from pipeline_crm.accounts.models import Role
from tests.factories import make_deal, make_team, make_user

pytestmark = pytest.mark.django_db

LONG = "9" * 5000


@pytest.fixture
def ada():
    return make_user(team=make_team(), role=Role.ADMIN)


@pytest.fixture
def browser(ada):
    client = Client(raise_request_exception=False)
    client.force_login(ada)
    return client


@pytest.mark.parametrize("after", ["a,\u00b2", "\x00,1", f"V,{LONG}", "", "V,1", ",", "V"])
def test_more_cards_bear_any_key(browser, ada, after):
    deal = make_deal(owner=ada)
    for address in (f"/sales/{deal.pipeline_id}/columns/{deal.stage_id}/", "/marketing/columns/nurturing/"):
        assert browser.get(address, {"after": after}).status_code in {200, 404, 422}


def test_steps_bear_any_number_and_any_page_they_come_from(browser, ada):
    deal = make_deal(owner=ada)
    assert browser.post(f"/deals/{deal.pk}/undoing/", {"version": LONG}).status_code == 422
    assert browser.post(f"/deals/{deal.pk}/lines/", {"remove": LONG}).status_code == 422
    assert browser.post(f"/deals/{deal.pk}/notes/", {"text": "x", "request_id": "a\x00b"}).status_code == 302
    hearing = deal.pipeline.stages.get(name="Hearing").pk
    htmx = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://["}
    assert browser.post(f"/deals/{deal.pk}/stage/", {"to": hearing}, **htmx).status_code == 200
