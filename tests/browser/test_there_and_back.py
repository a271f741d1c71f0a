"""One prospect's whole way, in the browser, with the clock passed in and a real mail server: from a form on a page of
another origin through a cadence and sales, handed back once, lost, recycled, woken, and won at the second try."""

import re
import threading
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from leads.domain import checking, collecting
from leads.domain.contacting import shaping, wording
from leads.models import Lead, LeadStage
from pipeline_crm.accounts.models import Role
from pipeline_crm.foundation import stage_log
from pipeline_crm.jobs.domain import accepting, running
from pipeline_crm.jobs.models import Job
from tests.factories import make_pipeline, make_reason, make_team, make_user
from tests.leads.mail_server import mail_server

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]
BERLIN = ZoneInfo("Europe/Berlin")


def day(month: int, number: int, hour: int = 10) -> datetime:
    return datetime(2025, month, number, hour, tzinfo=BERLIN)


@pytest.fixture
def until(monkeypatch):
    """Let the workers do everything that becomes due, each job at its own time; then it is that moment."""
    monkeypatch.setattr("pipeline_crm.jobs.domain.accepting.current_app.send_task", lambda *a, **k: None)

    def work(moment: datetime) -> datetime:
        while job := Job.objects.filter(state="waiting", due_at__lte=moment).order_by("due_at", "pk").first():
            monkeypatch.setattr(timezone, "now", lambda job=job: job.due_at)
            running.run(job.pk, clock=lambda job=job: job.due_at)
        monkeypatch.setattr(timezone, "now", lambda: moment)
        return moment

    return work


@pytest.fixture
def somebodys_page():
    """A page on a server of its own, which shows what it is given in a frame: `(origin, show)`."""
    shown = {"frame": ""}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(f'<title>Juniper</title><iframe src="{shown["frame"]}" height="800"></iframe>'.encode())

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", lambda frame: shown.update(frame=frame)
        server.shutdown()


def test_from_a_form_to_an_order_at_the_second_try(open_page, chrome, server, somebodys_page, until, settings):
    settings.SITE_URL = server
    team = make_team("North")
    mina, ana = make_user(name="Mina Castellan", team=team, role=Role.MARKETER), make_user(name="Ana Marin", team=team)
    hugo = make_user(name="Hugo Berg", team=team, role=Role.MANAGER)
    make_pipeline("New business", is_default=True)
    make_reason("Timing", days=90)
    at = until(day(3, 3))
    checking.usual(by=mina, at=at)
    template = wording.keep(
        "Hello", subject="For {{company}}", body="Dear {{first_name}}", purpose="offers", by=mina, at=at
    )
    cadence = shaping.keep("Introduction", by=mina, at=at)
    for days in (0, 7, 7):
        shaping.add_step(cadence, kind="email", wait_days=days, template=template, by=mina, at=at)
    origin, show = somebodys_page
    form = collecting.keep_form(
        name="Contact", heading="Get in touch", thanks="Thank you.", consent_words="I agree.", double_opt_in=True,
        origins=[origin], team=team, owner=mina, by=mina, at=at,
    )  # fmt: skip
    show(f"{server}/forms/{form.key}/?utm_source=fair")

    with mail_server(settings) as inbox:
        fill_in(chrome, origin)
        until(day(3, 3, 11))
        confirm(chrome, inbox)
        lead = Lead.objects.get()
        assert (lead.stage, lead.name, lead.organisation.name) == (LeadStage.GENERATION, "Kim Sato", "Juniper")

        until(day(3, 4))
        page = open_page(mina, f"/leads/{lead.pk}/")
        page.get_by_role("button", name="Nurturing").click()
        page.locator(".stepper .now", has_text="Nurturing").wait_for()
        until(day(3, 4, 11))
        page.get_by_label("Cadence").select_option(label="Introduction")
        page.get_by_role("button", name="Begin").click()
        page.locator("#contact .tag", has_text="Running").wait_for()
        for moment, sent in (((3, 4, 12), 1), ((3, 10, 18), 1), ((3, 11, 12), 2), ((3, 17, 9), 2)):
            until(day(*moment))
            assert len(letters(inbox)) == sent
        assert [to for to, _message in inbox.messages] == [["kim@juniper.example"]] * 3
        assert [message["Subject"] for message in letters(inbox)] == ["For Juniper"] * 2

        until(day(3, 17))
        page = open_page(hugo, f"/leads/{lead.pk}/")
        page.get_by_text("Plan a next step").click()
        planning = page.locator("form", has=page.get_by_role("button", name="Plan it"))
        planning.get_by_label("What").fill("Prices")
        planning.get_by_label("When").fill("2025-03-17")
        planning.get_by_role("button", name="Plan it").click()
        page.get_by_role("button", name="Done").click()
        page.locator(".timeline", has_text="Prices").wait_for()
        until(day(3, 18, 16))
        page = open_page(mina, f"/leads/{lead.pk}/")
        page.locator("#contact", has_text="the last was Hugo Berg · Call on 17 Mar").wait_for()
        assert len(letters(inbox)) == 2

        until(day(3, 19))
        page.goto(f"/leads/{lead.pk}/")
        page.get_by_role("button", name="Qualification", exact=False).first.click()
        page.locator(".stepper .now", has_text="Qualification").wait_for()
        answer(page, Need="Yes", Authority="Yes", Timing="Yes", Budget="No")
        hand_over(page)
        until(day(3, 19, 12))
        page = open_page(ana, f"/leads/{lead.pk}/")
        page.get_by_role("button", name="Hand back").click()
        dialog = page.get_by_role("dialog", name="Why is it handed back?")
        dialog.get_by_label("Reason").fill("No budget named")
        dialog.get_by_role("button", name="Hand back").click()
        page.locator(".stepper .now", has_text="Qualification").wait_for()
        until(day(3, 19, 13))
        page = open_page(mina, f"/leads/{lead.pk}/")
        answer(page, Budget="Yes")
        hand_over(page)
        until(day(3, 19, 14))
        deal = accept(open_page(ana, f"/leads/{lead.pk}/"))
        until(day(4, 1))
        assert len(letters(inbox)) == 2

        until(day(4, 2))
        page = open_page(ana, deal)
        page.get_by_role("button", name="Lost", exact=True).click()
        dialog = page.get_by_role("dialog", name="Why was it lost?")
        dialog.get_by_role("radio", name="Timing").check()
        assert dialog.get_by_label("Contact again on").input_value() == "2025-07-01"
        dialog.get_by_role("button", name="Mark as lost").click()
        page.locator(".stepper .now", has_text="Lost").wait_for()
        lead.refresh_from_db()
        assert (lead.stage, lead.contact_again_on.isoformat()) == (LeadStage.WAITING, "2025-07-01")
        for moment, stage in ((day(6, 30, 3), LeadStage.WAITING), (day(7, 1, 3), LeadStage.NURTURING)):
            accepting.accept_period("leads.wake_due", start=moment, at=until(moment))
            until(moment)
            lead.refresh_from_db()
            assert lead.stage == stage

    until(day(7, 3))
    hand_over(open_page(mina, f"/leads/{lead.pk}/"))
    until(day(7, 4))
    deal = accept(open_page(ana, f"/leads/{lead.pk}/"))
    until(day(7, 20))
    page = open_page(ana, deal)
    page.get_by_role("button", name="Won", exact=True).click()
    page.get_by_role("button", name="Mark as won").click()
    page.locator(".stepper .now", has_text="Order").wait_for()
    assert list(stage_log.discrepancies(Lead)) == []

    page = open_page(mina, f"/people/{lead.person_id}/")
    tells_in_order(page, STORY)
    page.goto("/marketing/recycling/results/")
    page.get_by_role("row", name=re.compile("Timing 1 1 1 0 0 ")).wait_for()
    assert not page.faults


STORY = [
    "Sent “Contact”",
    "Agreed to: Offers and product news",
    "Came in: Generation",
    "Moved from Generation to Nurturing",
    "Mail sent: For Juniper",
    "Mail sent: For Juniper",
    "Call: Prices",
    "Moved from Nurturing to Qualification",
    "Handed over to sales",
    "Handed back: No budget named",
    "Handed over to sales",
    "Accepted by sales",
    "Deal opened in Inquiry",
    "Lost: Timing",
    "Recycled: Timing",
    "Contact again: back in Nurturing",
    "Handed over to sales",
    "Accepted by sales",
    "a second try",
    "Won at try 2",
]


def letters(inbox) -> list:
    """What the server was given, but for the question whether the address is right."""
    return [message for _to, message in inbox.messages if "confirm" not in message["Subject"]]


def fill_in(chrome, origin: str) -> None:
    """A visitor of somebody's page, who has never been here."""
    visitor = chrome.new_context()
    page = visitor.new_page()
    page.goto(origin)
    frame = page.frame_locator("iframe")
    frame.get_by_label("Name").fill("Kim Sato")
    frame.get_by_label("E-mail").fill("kim@juniper.example")
    frame.get_by_label("Company").fill("Juniper")
    frame.get_by_label("I agree.").check()
    frame.get_by_role("button", name="Send").click()
    frame.get_by_text("Thank you.").wait_for()
    visitor.close()


def confirm(chrome, inbox) -> None:
    """They follow the link of the mail that asks whether it was them."""
    ((_to, message),) = inbox.messages
    visitor = chrome.new_context()
    page = visitor.new_page()
    page.goto(re.search(r"http\S+/confirm/\S+", message.get_content())[0])
    page.get_by_role("button", name="Confirm my address").click()
    page.get_by_text("Your address is confirmed.").wait_for()
    visitor.close()


def answer(page, **said: str) -> None:
    page.get_by_text("Answer the checklist").click()
    for criterion, word in said.items():
        page.get_by_role("group", name=criterion).get_by_role("radio", name=word, exact=True).check()
    page.locator("[data-part=qualification]").get_by_role("button", name="Save").click()
    for criterion, word in said.items():
        page.locator(f".checklist li.{word.lower()}", has_text=criterion).wait_for()


def hand_over(page) -> None:
    page.get_by_role("button", name="Ready for sales").click()
    page.locator(".stepper .now", has_text="Ready for sales").wait_for()


def accept(page) -> str:
    """Sales takes the lead; answers where its deal is."""
    page.get_by_role("button", name="Accept").click()
    page.wait_for_url(re.compile(r"/sales/\d+/\?deal="))
    return f"/deals/{page.url.partition('deal=')[2]}/"


def tells_in_order(page, story: list[str]) -> None:
    """The page says these words one after the other."""
    lines = iter(page.locator(".timeline li").all_inner_texts())
    for words in story:
        assert any(words in line for line in lines), f"“{words}” is missing, or stands too early"
