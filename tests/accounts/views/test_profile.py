from datetime import UTC, datetime

import pytest
from django.utils import timezone

from pipeline_crm.accounts.models import User

pytestmark = pytest.mark.django_db
FACTS = {"name": "Ana Reyes", "theme": "dark", "time_zone": "Asia/Tokyo", "language": "", "single_keys": "on"}


@pytest.fixture
def ana(client):
    user = User.objects.create_user("ana@example.org", "a long password", name="Ana")
    client.force_login(user)
    return user


def test_a_profile_is_saved_and_shown(client, ana):
    assert client.post("/profile/", FACTS).status_code == 302
    ana.refresh_from_db()
    assert (ana.name, ana.theme, ana.time_zone, ana.single_keys) == ("Ana Reyes", "dark", "Asia/Tokyo", True)
    assert 'data-theme="dark"' in client.get("/profile/").content.decode()


def test_shortcuts_can_be_switched_off(client, ana):
    client.post("/profile/", {key: value for key, value in FACTS.items() if key != "single_keys"})
    ana.refresh_from_db()
    assert ana.single_keys is False


def test_what_is_not_on_the_form_stays(client, ana):
    client.post("/profile/", FACTS | {"is_superuser": "on", "email": "boss@example.org"})
    ana.refresh_from_db()
    assert (ana.is_superuser, ana.email) == (False, "ana@example.org")


@pytest.mark.parametrize("name", ["", "Ana\x00", "A\nB", "x" * 121])
def test_a_name_that_cannot_be_kept_is_refused(client, ana, name):
    assert client.post("/profile/", FACTS | {"name": name}).status_code == 422


def test_the_theme_switch_keeps_the_choice(client, ana):
    assert client.post("/profile/theme/", {"theme": "light"}).status_code == 204
    ana.refresh_from_db()
    assert ana.theme == "light"
    assert client.post("/profile/theme/", {"theme": "neon"}).status_code == 400


def test_times_are_shown_in_the_persons_zone_else_the_companys(client, ana):
    User.objects.filter(pk=ana.pk).update(last_login=datetime(2026, 3, 1, 23, 30, tzinfo=UTC), is_superuser=True)
    assert "last signed in 2026-03-02 00:30" in client.get(f"/settings/team/people/{ana.pk}/").content.decode()
    User.objects.filter(pk=ana.pk).update(time_zone="Asia/Tokyo")
    assert "last signed in 2026-03-02 08:30" in client.get(f"/settings/team/people/{ana.pk}/").content.decode()
    assert timezone.get_current_timezone_name() == "UTC"  # nothing of it stays for the next request
