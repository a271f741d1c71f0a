import pytest

from tests.factories import make_deal, make_lead, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("make", [make_lead, make_deal])
def test_sector_and_size_are_changed_on_the_card_of_the_organisation(client, make):
    ana = make_user(team=make_team())
    client.force_login(ana)
    card = make(by=ana, owner=ana)
    address = f"/{card._meta.app_label}/{card.pk}/"
    client.post(f"{address}organisation/", {"sector": "Logistics", "employees": "120", "country": "", "domain": ""})
    card.organisation.refresh_from_db()
    assert (card.organisation.sector, card.organisation.employees) == ("Logistics", 120)
    assert "120 employees" in client.get(address).content.decode()
    wrong = client.post(f"{address}organisation/", {"employees": "many"})
    assert wrong.status_code == 422
