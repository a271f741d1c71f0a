"""Forms on other people's pages: what is sent becomes a lead, and nothing hostile becomes anything."""

import json
import random
import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.core import mail as outbox
from django.db import connection
from django.test import Client
from django.utils import timezone

from leads.domain import collecting, qualifying
from leads.domain.contacting import consenting
from leads.models import Capture, Consent, ConsentProof, Lead, LeadForm, Likeness, Organisation, Person, Touch
from pipeline_crm.accounts.models import Role
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job
from tests.factories import ago, make_lead, make_mail, make_team, make_user

pytestmark = pytest.mark.django_db
SAID = {
    "name": "Kim Sato",
    "email": "kim@juniper.example",
    "organisation": "Juniper",
    "message": "Prices?",
    "agreed": "on",
}


def make_form(**facts) -> LeadForm:
    usual = {
        "name": "Contact", "heading": "Get in touch", "thanks": "Thank you.", "consent_words": "I agree.",
        "double_opt_in": False, "origins": ["https://www.example.com"],
    }  # fmt: skip
    return collecting.keep_form(by=None, at=ago(1), **usual | facts)


@pytest.fixture
def form():
    return make_form()


@pytest.fixture
def stranger():
    return Client(enforce_csrf_checks=True)


def test_what_a_visitor_sends_becomes_a_lead_with_its_campaign_and_consent(stranger, form):
    page = stranger.get(f"/forms/{form.key}/?utm_source=fair&utm_campaign=autumn&gclid=1").content.decode()
    assert 'name="utm_source" value="fair"' in page and "gclid" not in page
    sent = SAID | {"utm_source": "fair", "utm_campaign": "autumn", "page": "https://www.example.com/prices"}
    answer = stranger.post(f"/forms/{form.key}/", sent)
    assert (answer.status_code, "Thank you." in answer.content.decode()) == (200, True)
    lead = Lead.objects.get()
    assert (lead.person.email, lead.organisation.name, lead.stage) == ("kim@juniper.example", "Juniper", "generation")
    assert Capture.objects.get().campaign == {"utm_source": "fair", "utm_campaign": "autumn"}
    assert lead.activities.get().outcome == "Sent “Contact”.\nPrices?\nsource: fair · campaign: autumn"
    assert consenting.basis_for(lead.person, "offers") is not None
    assert ConsentProof.objects.values_list("words", "page", "address").get() == (
        "I agree.", "https://www.example.com/prices", "127.0.0.1",
    )  # fmt: skip


def test_only_the_form_may_be_framed_and_only_by_the_sites_it_names(stranger, form):
    named = stranger.get(f"/forms/{form.key}/")
    assert "frame-ancestors https://www.example.com;" in named["Content-Security-Policy"] + ";"
    assert "X-Frame-Options" not in named
    nobody = make_form(name="Unframed", origins=[])
    for address in (f"/forms/{nobody.key}/", "/accounts/login/", "/confirm/x/"):
        answer = stranger.get(address)
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"] and answer["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize(
    "origin",
    [
        "example.com",
        "https://example.com/path",
        "https://*",
        "https://a.example;script-src *",
        "ftp://x.example",
        "https://",
    ],
)
def test_an_origin_that_is_none_is_refused(origin):
    with pytest.raises(collecting.NoOrigin):
        make_form(origins=[origin])


def test_with_double_opt_in_the_mailbox_is_asked_first(stranger, settings, monkeypatch):
    settings.SITE_URL = "https://crm.example"
    form = make_form(double_opt_in=True)
    assert "confirm your address" in stranger.post(f"/forms/{form.key}/", SAID).content.decode()
    assert not Lead.objects.exists() and not Person.objects.exists()
    collecting.ask_to_confirm(Capture.objects.get())
    [message] = outbox.outbox
    address = f"/confirm/{Capture.objects.get().token}/"
    assert message.to == ["kim@juniper.example"] and f"https://crm.example{address}" in message.body
    assert stranger.get(address).status_code == 200 and not Lead.objects.exists()
    for _twice in range(2):
        assert "is confirmed" in stranger.post(address).content.decode()
    assert Lead.objects.get().person.email == "kim@juniper.example"


def test_a_link_of_two_months_ago_confirms_nothing(stranger):
    capture = collecting.receive(
        make_form(double_opt_in=True), {**SAID, "agreed": True}, address="10.0.0.1", at=ago(60)
    )
    answer = stranger.post(f"/confirm/{capture.token}/")
    assert (answer.status_code, "too old" in answer.content.decode(), Lead.objects.exists()) == (410, True, False)


def test_the_job_asks_the_mailbox_and_not_for_ever(stranger, django_capture_on_commit_callbacks):
    form, rng = make_form(double_opt_in=True), random.Random(1)
    for n in range(5):
        email = "".join(rng.choice([sign.upper(), sign]) for sign in SAID["email"])
        stranger.post(f"/forms/{form.key}/", SAID | {"email": email}, REMOTE_ADDR=f"10.0.0.{n}")
    jobs = Job.objects.filter(kind="leads.ask_to_confirm")
    assert (Capture.objects.count(), jobs.count()) == (5, collecting.CONFIRMATIONS_A_DAY)
    assert running.run(jobs.first().pk, clock=timezone.now) == "done" and len(outbox.outbox) == 1


def test_somebody_we_know_gets_no_second_lead(stranger, form):
    known = make_lead(name="Kim", email="kim@juniper.example", organisation="Juniper Foods")
    stranger.post(f"/forms/{form.key}/", SAID | {"email": "KIM@juniper.example", "name": "Someone Else"})
    assert list(Lead.objects.all()) == [known]
    assert known.activities.get().outcome.startswith("Sent “Contact”.")
    known.person.refresh_from_db()
    assert (known.person.name, Organisation.objects.count()) == ("Kim", 1)
    qualifying.disqualify(known, reason="No need", by=None, at=ago(0))
    stranger.post(f"/forms/{form.key}/", SAID)
    assert Lead.objects.count() == 2


def test_a_tick_without_a_confirmed_mailbox_does_not_bring_back_who_has_withdrawn(stranger, form):
    person = make_lead(name="Kim", email="kim@juniper.example", at=ago(9)).person
    consenting.record(person, ["offers"], words="Yes", by=None, at=ago(3))
    consenting.withdraw(person, by=None, at=ago(2))
    stranger.post(f"/forms/{form.key}/", SAID)
    assert consenting.basis_for(person, "offers") is None and consenting.has_left(person)
    assert "It is not recorded" in Lead.objects.latest("pk").activities.get().outcome
    asking = make_form(name="Asking", double_opt_in=True)
    stranger.post(f"/forms/{asking.key}/", SAID)
    stranger.post(f"/confirm/{Capture.objects.get(form=asking).token}/")
    assert consenting.basis_for(person, "offers") is not None


def test_a_robot_is_thanked_and_nothing_is_kept(stranger, form):
    answer = stranger.post(f"/forms/{form.key}/", SAID | {"website": "https://spam.example"})
    assert (answer.status_code, "Thank you." in answer.content.decode(), Capture.objects.count()) == (200, True, 0)


def test_nobody_sends_more_than_a_person_would(stranger, form):
    statuses = [stranger.post(f"/forms/{form.key}/", SAID).status_code for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    assert stranger.post(f"/forms/{form.key}/", SAID, REMOTE_ADDR="10.1.1.1").status_code == 200


def test_a_program_of_the_site_sends_json_with_its_token(stranger, form):
    def send(body, token=form.token):
        headers = {"Authorization": f"Bearer {token}"}
        return stranger.post(f"/forms/{form.key}/leads/", body, content_type="application/json", headers=headers)

    answer = send(json.dumps(SAID | {"agreed": True, "utm_source": "api"}))
    assert (answer.status_code, answer.json()) == (201, {"state": "received"})
    capture = Capture.objects.get()
    assert (capture.campaign, capture.channel) == ({"utm_source": "api"}, "api")
    assert (Consent.objects.get().channel, Touch.objects.get().kind) == ("api", "api")
    assert send(json.dumps(SAID), token="wrong").status_code == 401
    assert send(json.dumps({"name": "Kim"})).json()["errors"] == {"email": ["This field is required."]}
    assert [send(body).status_code for body in ("{", "[]", "1", '{"name": {}}', '{"name": 1}', "[" * 9000)] == [400] * 6
    assert send('{"name": "' + "x" * 40_000 + '"}').status_code == 413


def send(stranger, form, **said):
    headers = {"Authorization": f"Bearer {form.token}"}
    body = json.dumps(SAID | said)
    return stranger.post(f"/forms/{form.key}/leads/", body, content_type="application/json", headers=headers)


def test_all_addresses_of_one_ipv6_network_are_one_sender(stranger, form):
    def status(address):
        return stranger.post(f"/forms/{form.key}/", SAID, REMOTE_ADDR=address).status_code

    assert [status(f"2001:db8:1:2::{n:x}") for n in range(7)] == [200] * 5 + [429] * 2
    assert status("2001:db8:1:3::1") == 200
    assert [status("::ffff:10.9.9.9") for _ in range(3)] + [status("10.9.9.9") for _ in range(3)] == [200] * 5 + [429]
    assert Capture.objects.filter(address="10.9.9.9").count() == 5


def test_what_was_not_confirmed_within_its_month_is_forgotten(stranger, form):
    asking = make_form(name="Asking", double_opt_in=True)
    sent = {"address": "10.0.0.1", "at": ago(31)}
    old = collecting.receive(asking, SAID | {"email": "a@x.example"}, **sent)
    collecting.receive(form, SAID | {"email": "b@x.example"}, **sent)
    collecting.receive(asking, SAID | {"email": "c@x.example"}, **sent | {"at": ago(29)})
    job = Job.objects.create(kind="leads.tidy_captures", idem_key="1", accepted_at=ago(0), due_at=ago(0))
    assert running.run(job.pk, clock=timezone.now) == "done"
    assert not Capture.objects.filter(pk=old.pk).exists() and Capture.objects.count() == 2
    assert stranger.get(f"/confirm/{old.token}/").status_code == 404
    with pytest.raises(collecting.TooLate):
        collecting.confirm(old, at=ago(0))


def test_a_mailbox_and_a_sender_are_found_by_an_index(form):
    senders = [collecting.near(address) for address in ("2001:db8::1", "10.0.0.1")]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for question in [collecting.of_mailbox("kim@juniper.example"), *senders]:
            plan = question.filter(received_at__gt=ago(1)).order_by().explain()
            assert "capture_of_" in plan and "Index Cond" in plan


def test_a_number_or_company_we_know_is_written_down_as_perhaps_the_same(stranger):
    form = make_form(asks_phone=True)
    known = make_lead(name="Kim", email="kim@juniper.example", organisation="Juniper", phone="030 123456")
    sent = SAID | {"email": "ks@mail.example", "phone": "+49 30 123456", "organisation": "Evergreen"}
    stranger.post(f"/forms/{form.key}/", sent)
    send(stranger, form, email="k2@juniper.example", name="Kim B.", organisation="Juniper Ltd.")
    pairs = Likeness.objects.order_by("id").values_list("like", "signs")
    assert list(pairs) == [(known.pk, ["phone"]), (known.pk, ["name"])] and Lead.objects.count() == 3


def test_what_somebody_we_know_says_otherwise_is_in_the_note(stranger):
    form = make_form(asks_phone=True)
    known = make_lead(name="Kim", email="kim@juniper.example", organisation="Juniper")
    stranger.post(f"/forms/{form.key}/", SAID | {"phone": "030 123456"})
    assert known.activities.get().outcome == "Sent “Contact”.\nPrices?\nKim Sato\n030 123456"
    assert Person.objects.get().phone == ""  # anybody can type in anybody's address


@pytest.mark.parametrize(
    ("agreed", "is_yes"), [(True, True), ("yes", True), (False, False), ("no", False), ("", False)]
)
def test_only_a_yes_of_a_program_is_consent(stranger, form, agreed, is_yes):
    assert send(stranger, form, agreed=agreed).status_code == 201
    assert bool(consenting.basis_for(Lead.objects.get().person, "offers")) == is_yes


def test_a_program_sends_for_many_visitors_from_one_address_and_not_without_end(stranger, form, monkeypatch):
    assert [send(stranger, form).status_code for _ in range(7)] == [201] * 7
    monkeypatch.setattr(collecting, "LIMITS_OF_A_PROGRAM", ((timedelta(minutes=1), 7),))
    assert send(stranger, form).status_code == 429


@pytest.mark.parametrize(("charset", "half"), [("utf-7", b"+2AA-"), ("unicode-escape", rb"\ud800"), ("base64", b"x")])
def test_halves_of_signs_in_strange_encodings_are_refused(stranger, form, charset, half):
    body = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n' + half + b"\r\n--x--\r\n"
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    assert stranger.generic("POST", f"/forms/{form.key}/", body, content_type=kind).status_code == 400
    kind = "multipart/form-data; boundary=x; charset=UTF-8"
    assert stranger.generic("POST", f"/forms/{form.key}/", body, content_type=kind).status_code == 422


def test_an_archived_form_takes_nothing(stranger, form):
    collecting.archive_form(form, by=None, at=ago(0))
    assert stranger.post(f"/forms/{form.key}/", SAID).status_code == 404
    assert stranger.post("/forms/%00/", SAID).status_code == 404


NASTY = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "a\x00b", "a\r\nBcc: spy@x.example", "\ud800",
    "\u202e\u2028",
    "'; DROP TABLE leads_lead; --", "{{ settings.SECRET_KEY }}", "=cmd|' /C calc'!A0", "../../etc/passwd", "💥" * 50,
    "A" * 10_000, "", " ", "\x1b[31m", "%00%0a", "Ω≈ç√", "𝔘𝔫𝔦", "null", "İ" * 100, "\ufeff", "a@b", "@",
    "x@" + "y" * 300,
    "kim@juniper.example\nCc: spy@x.example", "kim@[127.0.0.1]", '"<x>"@x.example', "kim@xn--.example",
    "kim@juniper.example",
]  # fmt: skip


@pytest.mark.slow
def test_a_thousand_hostile_payloads_are_refused_or_become_clean_data(stranger, form):
    rng = random.Random(4)
    seen: dict[int, int] = {}
    form.asks_phone = True
    form.save()
    token = make_mail(make_lead(name="Ana", email="ana@kite.example")).token
    for n in range(1200):
        address = f"10.{n // 250}.{n % 250}.1"
        said = {name: rng.choice([*NASTY, SAID.get(name, "")]) for name in (*SAID, "utm_source", "page", "phone")}
        if rng.random() < 0.5:
            said |= {"name": said["name"] if rng.random() < 0.5 else "Kim", "email": f"k{n}@juniper.example"}
        answer = attack(stranger, form, rng, said, address) if n % 6 else poke(stranger, rng, said, token)
        seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
        assert answer.status_code < 500
    assert set(seen) <= {200, 201, 400, 401, 403, 404, 405, 413, 422}
    assert seen[404] > 30 and seen[200] + seen[201] > 50 and seen[422] > 50
    for person in Person.objects.all():
        assert all(ord(sign) >= 32 for sign in person.name + person.email)
        assert "\n" not in person.email and person.email.count("@") == 1
        assert re.fullmatch(r"(\+\d{6,15}(;ext=\d+)?)?", person.phone_e164)
    client = Client()
    client.force_login(make_user(team=make_team(), role=Role.ADMIN))
    for lead in Lead.objects.order_by("pk")[:20]:
        page = client.get(f"/leads/{lead.pk}/").content.decode()
        assert "<script>alert" not in page and "<img src=x" not in page


def attack(stranger, form, rng, said: dict, address: str):
    page, door = f"/forms/{form.key}/", f"/forms/{form.key}/leads/"
    token = {"Authorization": f"Bearer {form.token}"}
    match rng.randrange(8):
        case 0 | 1:
            clean = {name: value.encode("utf-8", "replace").decode() for name, value in said.items()}
            return stranger.post(page, clean, REMOTE_ADDR=address)
        case 2 | 3:
            return stranger.post(
                door, json.dumps(said), content_type="application/json", headers=token, REMOTE_ADDR=address
            )
        case 4:
            charset = rng.choice(["utf-16", "latin-1", "base64", "utf-7", "nothing", "idna"])
            body = "name=Kim&email=k@x.example".encode("utf-16")
            kind = f"application/x-www-form-urlencoded; charset={charset}"
            return stranger.generic("POST", page, body, content_type=kind, REMOTE_ADDR=address)
        case 5:
            charset = rng.choice(["base64", "utf-16", "rot13", "nothing"])
            body = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nKim\xff\r\n--x--\r\n'
            return stranger.generic(
                "POST",
                page,
                body,
                content_type=f"multipart/form-data; boundary=x; charset={charset}",
                REMOTE_ADDR=address,
            )
        case 6:
            body = rng.choice(
                [b"\xff\xfe{}", b"\x00" * 50, b"{" * 5000, b"x" * 50_000, rng.randbytes(200), b'{"name": 1e999}']
            )
            return stranger.generic(
                "POST", door, body, content_type="application/json", headers=token, REMOTE_ADDR=address
            )
        case _:
            headers = {
                "Authorization": rng.choice(["Bearer ", "Basic x", "Bearer \u20ac"]),
                "User-Agent": rng.choice(["\x00", "x" * 9000, "<b>"]),
            }
            return stranger.post(door, "{}", content_type="application/json", headers=headers, REMOTE_ADDR=address)


def poke(stranger, rng, said: dict, token: str):
    """The other addresses that are open to everyone: the way out of mails, links in them, links that confirm."""
    key = rng.choice([token, quote(said["name"].encode("utf-8", "replace"), safe=""), "x" * 200, "%00", token[:-1]])
    path = f"/{rng.choice(['unsubscribe', 'confirm', 'follow', 'hooks', 'forms'])}/{key or 'x'}/"
    charset = rng.choice(["base64", "utf-16", "utf-8", "nothing"])
    body = b'--x\r\nContent-Disposition: form-data; name="purposes"\r\n\r\n' + rng.randbytes(20) + b"\r\n--x--\r\n"
    kind = rng.choice([f"multipart/form-data; boundary=x; charset={charset}", "multipart/form-data", "text/plain"])
    return stranger.generic(rng.choice(["GET", "POST"]), path, body, content_type=kind)


def test_marketers_make_forms_and_see_what_to_put_on_the_page(client):
    client.force_login(make_user(team=make_team(), role=Role.MARKETER))
    assert client.get("/marketing/forms/new/").status_code == 200
    sent = {
        "name": "Contact", "heading": "Get in touch", "thanks": "Thank you.", "consent_words": "I agree.",
        "purpose": "offers",
        "double_opt_in": "on", "origins": "https://www.Example.com/\n",
    }  # fmt: skip
    answer = client.post("/marketing/forms/new/", sent)
    form = LeadForm.objects.get()
    assert (answer.url, form.origins, form.double_opt_in) == (
        f"/marketing/forms/{form.pk}/",
        ["https://www.example.com"],
        True,
    )
    page = client.get(answer.url).content.decode()
    assert f"/forms/{form.key}/" in page and form.token in page and "No site is named yet" not in page
    unnamed = make_form(name="Unnamed", origins=[])
    assert "No site is named yet" in client.get(f"/marketing/forms/{unnamed.pk}/").content.decode()
    wrong = client.post(f"/marketing/forms/{form.pk}/", sent | {"origins": "www.example.com"})
    assert (wrong.status_code, "is no origin" in wrong.content.decode()) == (422, True)
    client.post(f"/marketing/forms/{form.pk}/archiving/")
    assert b"Archived" in client.get("/marketing/forms/").content


def test_behind_a_proxy_the_visitors_own_address_counts(stranger, form, settings):
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    for n in range(8):
        headers = {"X-Forwarded-For": f"1.2.3.4, 203.0.113.{n}"}
        assert stranger.post(f"/forms/{form.key}/", SAID, headers=headers).status_code == 200
    assert Capture.objects.values("address").distinct().count() == 8
