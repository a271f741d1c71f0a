"""The pages of marketing in a real browser: no axe violation, no console error, no sideways scrolling."""

import pytest

from deals.domain import closing, recycling
from leads.domain import agreeing, campaigning, checking, collecting, scoring, touching
from leads.domain.contacting import (
    broadcasting,
    clicking,
    consenting,
    filing,
    mailing,
    reading,
    returning,
    segmenting,
    sequencing,
    shaping,
    wording,
)
from leads.models import Lead, LeadActivity
from pipeline_crm.accounts.domain import notifying
from pipeline_crm.accounts.models import Role
from tests.browser.conftest import DESK, PHONE
from tests.browser.test_accessibility import violations
from tests.factories import ago, make_deal, make_lead, make_mail, make_pipeline, make_reason, make_team, make_user
from tests.leads.letters import letter

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def scene(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    team = make_team("North")
    ada = make_user(name="Ada Lind", team=team, role=Role.ADMIN)
    lead = make_lead(name="Kim Sato", email="kim@juniper.example", phone="030 123456", by=ada, owner=ada, team=team)
    make_lead(name="K. Sato", phone="+49 30 123456", by=ada, owner=ada, team=team)
    consenting.record(lead.person, ["offers"], words="Yes", by=ada, at=ago(2))
    template = wording.keep(
        "Prices", subject="For {{company}}", body="Dear {{name}}\n\n- one\n- two", purpose="offers", by=ada, at=ago(2)
    )
    cadence = shaping.keep("Introduction", by=ada, at=ago(2))
    shaping.add_step(cadence, kind="email", wait_days=0, template=template, by=ada, at=ago(2))
    shaping.add_step(cadence, kind="call", wait_days=5, subject="Ring them", by=ada, at=ago(2))
    sequencing.enrol(lead, cadence, by=ada, at=ago(0))
    mail = make_mail(lead, state="failed", problem="550 no such user", may_be_twice=True)
    sent = make_mail(lead, state="sent", sent_at=ago(1), text="See https://www.example.com/prices")
    answer = letter(
        "Yes.\n\n> How are you?\n", answers=mailing.message_id(sent), files={"a.pdf": b"%PDF", "b.exe": b"MZ"}
    )
    filing.file(reading.of_bytes(answer.as_bytes()), at=ago(0))
    clicking.follow(sent, 0, link="https://www.example.com/prices", at=ago(0))
    returning.came_back(lead.person.email, because="550 no such user", mail=sent, at=ago(0))
    form = collecting.keep_form(
        name="Contact", heading="Get in touch", thanks="Thank you.", consent_words="I agree.", double_opt_in=True,
        origins=["https://www.example.com"], by=ada, at=ago(2),
    )  # fmt: skip
    capture = form.captures.create(received_at=ago(1), said={"email": "kim@juniper.example"})
    campaign = campaigning.keep(name="Spring", word="spring", starts_on=ago(60).date(), by=ada, at=ago(60))
    campaigning.spend(campaign, on=ago(50).date(), amount=900, currency="EUR", what="Print", by=ada, at=ago(50))
    touching.touch(lead, kind="form", at=ago(3), campaign={"utm_campaign": "autumn"})
    lost = make_deal(pipeline=make_pipeline(), owner=ada, team=team, at=ago(30))
    closing.lose(lost, reason=make_reason("Budget"), by=ada, at=ago(20))
    recycling.recycle(lost, by=ada, at=ago(20))
    checking.usual(by=ada, at=ago(1))
    agreeing.keep_territory(country="Italy", team=team, by=ada, at=ago(1))
    agreeing.keep_reason("No budget", by=ada, at=ago(1))
    notifying.notify(ada, kind="test", words="Kim is handed over to you.", url="/marketing/", key="1", at=ago(1))
    scoring.begin_as_usual(by=ada, at=ago(1))
    scoring.keep_rule(about="sector", words="Education", points=10, by=ada, at=ago(1))
    segment = segmenting.keep("Mine", query="mine=1", cadence=cadence, by=ada, at=ago(1))
    mailed = broadcasting.begin(segment, template, by=ada, at=ago(1))
    list(broadcasting.write(mailed, Lead.objects.all, at=ago(1)))
    pages = [
        "recycling/", "recycling/results/", "cadences/", "cadences/new/", f"cadences/{cadence.pk}/", "mails/",
        f"mails/{mail.pk}/", f"mails/{sent.pk}/", "answers/",
        "templates/", "templates/new/", f"templates/{template.pk}/", "forms/", "forms/new/",
        f"forms/{form.pk}/", "distance/", "score/", "criteria/", "handover/", "duplicates/",
        "segments/", "segments/new/", f"segments/{segment.pk}/",
        f"segments/{segment.pk}/mailing/?template={template.pk}", f"mailings/{mailed.pk}/",
    ]  # fmt: skip
    public = [f"/forms/{form.key}/", f"/confirm/{capture.token}/", f"/unsubscribe/{mail.token}/"]
    return ada, [
        "/notifications/",
        f"/leads/{lead.pk}/",
        f"/leads/{lead.pk}/contact/",
        *(f"/marketing/{page}" for page in pages),
        *public,
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_of_marketing_is_accessible_and_quiet(open_page, scene, size, scheme):
    ada, paths = scene
    page = open_page(ada, paths[0], size=size, scheme=scheme)
    faults = []
    for path in paths:
        page.goto(path)
        page.wait_for_timeout(100)
        faults += [f"{path}: {fault}" for fault in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            faults.append(f"{path} scrolls sideways")
    assert not faults + page.faults, "\n".join(faults + page.faults)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_adding_somebody_known_asks_first_and_joins_from_the_keyboard(open_page, scene, size, scheme):
    ada, _paths = scene
    page = open_page(ada, "/marketing/", size=size, scheme=scheme)
    page.locator(".btn.primary[data-adds]").click()
    page.fill("#new [name=name]", "Kim S.")
    page.fill("#new [name=phone]", "0049 30 123456")
    page.keyboard.press("Enter")
    page.locator("#perhaps-title:focus").wait_for()
    assert page.locator("#new [name=name]").input_value() == "Kim S."
    assert not violations(page)
    page.get_by_role("button", name="Join Kim Sato").press("Enter")
    page.locator("#new").wait_for(state="hidden")
    page.get_by_text("Added to Kim Sato, as a note.").first.wait_for()
    assert Lead.objects.filter(person__name="Kim S.").count() == 0
    assert LeadActivity.objects.filter(outcome__contains="Kim S.").count() == 1
    assert [fault for fault in page.faults if "422" not in fault] == []
