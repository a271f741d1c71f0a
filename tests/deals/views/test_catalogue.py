from decimal import Decimal

import pytest

from deals.domain import cataloguing
from deals.models import LostReason, Product
from pipeline_crm.accounts.models import Role
from tests.factories import make_deal, make_reason, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client):
    ada = make_user(team=make_team(), role=Role.ADMIN)
    client.force_login(ada)
    return ada


def test_products_are_added_changed_and_archived(client, admin):
    client.post("/settings/products/", {"name": "Seat", "price": "99.50", "currency": "EUR"})
    seat = Product.objects.get()
    client.post(f"/settings/products/{seat.pk}/", {"name": "Seat, yearly", "price": "100", "currency": "EUR"})
    client.post(f"/settings/products/{seat.pk}/archiving/")
    seat.refresh_from_db()
    assert (seat.name, seat.price, seat.archived_at is None) == ("Seat, yearly", 100, False)
    page = client.get("/settings/catalogue/").content.decode()
    assert "Seat, yearly" in page and "Archived" in page


def test_a_reason_proposes_when_to_contact_again(client, admin):
    client.post("/settings/reasons/", {"name": "Timing", "contact_again_after_days": "60"})
    assert LostReason.objects.get().contact_again_after_days == 60


def test_a_name_is_used_once(client, admin):
    make_reason("Budget")
    page = client.post("/settings/reasons/", {"name": "budget"}, follow=True).content.decode()
    assert "budget is in the list already." in page
    assert LostReason.objects.count() == 1


def test_products_of_a_deal_come_and_go_and_the_amount_follows(client, admin):
    deal = make_deal(by=admin, owner=admin, amount=None)
    seat = cataloguing.keep_product("Seat", price=Decimal("99.50"), currency="EUR", by=admin)
    address = f"/deals/{deal.pk}/lines/"
    client.post(address, {"product": seat.pk, "quantity": "2", "follow": "on"})
    client.post(address, {"product": seat.pk, "quantity": "1", "unit_price": "80"})
    deal.refresh_from_db()
    assert deal.amount == 199
    assert [(line.quantity, line.unit_price) for line in deal.lines.order_by("id")] == [(2, Decimal("99.50")), (1, 80)]
    client.post(address, {"remove": "0"})
    assert [line.unit_price for line in deal.lines.all()] == [80]
    assert [change.field for change in deal.changes.all()] == ["lines", "amount", "lines", "lines"]
    franc = cataloguing.keep_product("Swiss seat", price=Decimal("99.50"), currency="CHF", by=admin)
    answer = client.post(address, {"product": franc.pk, "quantity": "1"})
    assert (answer.status_code, "Give the price of one." in answer.content.decode()) == (422, True)
    answer = client.post(address, {"product": "", "quantity": "0"})
    assert answer.status_code == 422


def test_products_are_not_changed_over_what_has_not_been_seen(client, admin):
    deal = make_deal(by=admin, owner=admin)
    seat = cataloguing.keep_product("Seat", price=Decimal("99.50"), currency="EUR", by=admin)
    address, sent = f"/deals/{deal.pk}/lines/", {"product": seat.pk, "quantity": "1", "version": deal.version}
    assert f'name="version" value="{deal.version}"' in client.get(f"/deals/{deal.pk}/").content.decode()
    client.post(address, sent)
    answer = client.post(address, sent | {"quantity": "7"})
    page = answer.content.decode()
    assert (answer.status_code, deal.lines.count()) == (409, 1)
    assert "Your change was not made." in page and 'value="7"' in page
    assert client.post(address, {"remove": "0", "version": deal.version}).status_code == 409
    assert deal.lines.count() == 1
