"""Any order of merging, undoing and erasing leaves the ledger true, and every report as it was."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from analytics import catalogue, sources
from analytics.selection import Selection
from deals.domain import closing, opening, recovering, recycling
from deals.models import Deal, Pipeline
from leads.domain import erasing, merging, moving, qualifying, touching
from leads.domain import recycling as lead_recycling
from leads.domain.contacting import consenting
from leads.models import Lead, Merge, Organisation, Person
from pipeline_crm import demo
from pipeline_crm.accounts.models import Role
from pipeline_crm.foundation.errors import Refusal
from tests.factories import ago, day_ago, make_lead, make_mail, make_pipeline, make_reason, make_team, make_user

pytestmark = pytest.mark.django_db

# Where somebody is pointed to, and what is told of a record: what merging and undoing it must leave as it was.
TABLES = {
    "leads_person": "id, name, email, phone, role, organisation_id, merged_into_id",
    "leads_organisation": "id, name, domain, sector, employees, country, merged_into_id",
    "leads_lead": "id, person_id, organisation_id, title, value, currency, owner_id, team_id, tags, merged_into_id",
    "deals_deal": "id, person_id, organisation_id, lead_id, stage_id",
    "leads_mail": "id, lead_id, person_id, state",
    "leads_leadactivity": "id, lead_id, person_id",
    "leads_touch": "id, lead_id, person_id, organisation_id",
    "leads_consent": "id, person_id, basis",
}


class World:
    """Leads on all their ways, with people and companies that could be one."""

    def __init__(self):
        team = make_team()
        self.ana = make_user(team=team, role=Role.ADMIN)
        self.pipeline = make_pipeline(is_default=True)
        reason = make_reason("Timing", days=30)
        for number in range(6):
            lead = make_lead(
                name=f"Person {number}", email=f"p{number % 5}@house{number % 3}.example",
                organisation=f"House {number % 3}", title=f"Roof {number}", value=Decimal(100 + number),
                by=self.ana, owner=self.ana, team=team, at=ago(90 - number), tags=[f"tag{number % 2}"],
            )  # fmt: skip
            consenting.record(lead.person, ["offers"], words="Yes", by=self.ana, at=ago(80))
            touching.touch(lead, kind="call", at=ago(75), what=f"Call {number}", page="https://x.example/prices?q=1")
            make_mail(lead, state="sent", sent_at=ago(70))
            if number:
                moving.move(lead, to="nurturing", by=self.ana, at=ago(60 - number))
            if number == 1:
                qualifying.disqualify(lead, reason="Person 1 moved", by=self.ana, at=ago(40))
            if number in (2, 3):
                deal = opening.open_deal(lead=lead, pipeline=self.pipeline, amount=500, by=self.ana, at=ago(50))
                if number == 3:
                    recycling.recycle(deal, reason=reason, contact_again_on=ago(30).date(), by=self.ana, at=ago(45))
                    lead_recycling.wake_due(at=ago(29))
                    again = opening.open_deal(
                        lead=Lead.objects.get(pk=lead.pk), pipeline=self.pipeline, amount=900, by=self.ana, at=ago(20)
                    )
                    closing.win(again, by=self.ana, at=ago(10))
            if number == 4:
                consenting.withdraw(lead.person, at=ago(5))

    def counted(self):
        """What every report is computed from, and what second tries brought."""
        river = sources.river(Selection(self.pipeline.pk, day_ago()))
        origins = river.origins()
        beside = (river.lost(), river.expected_close(), origins.leads, origins.touches)
        frames = (river.journeys.steps, river.deals.steps, *beside)
        rows = [sorted(frame.rows(), key=repr) for frame in frames]
        return rows, river.without_rate, recovering.results(self.ana)

    def do(self, verb: str, one: int, other: int) -> None:
        at = timezone.now()
        match verb:
            case "people" | "organisations" | "leads":
                model = {"people": Person, "organisations": Organisation, "leads": Lead}[verb]
                rows = list(model.objects.order_by("pk"))
                fields = merging.FIELDS[{"people": "person", "organisations": "organisation", "leads": "lead"}[verb]]
                choices = {name: "other" for place, name in enumerate(fields) if (one + other) >> place & 1}
                pair = rows[one % len(rows)], rows[other % len(rows)]
                getattr(merging, verb)(*pair, choices=choices, by=self.ana, at=at)
            case "join":
                rows = list(Lead.objects.order_by("pk"))
                merging.join(rows[one % len(rows)], rows[other % len(rows)], by=self.ana, at=at)
            case "undo":
                merges = list(Merge.objects.order_by("pk"))
                if merges:
                    merging.undo(merges[one % len(merges)], by=self.ana, at=at)
            case "erase":
                rows = list(Person.objects.order_by("pk"))
                erasing.erase(rows[one % len(rows)], by=self.ana, at=at)


def told() -> dict[str, list]:
    with connection.cursor() as cursor:
        answers = {}
        for table, columns in TABLES.items():
            cursor.execute(f"SELECT {columns} FROM {table} ORDER BY id")
            answers[table] = cursor.fetchall()
        return answers


NO_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]
VERBS = ["people", "people", "organisations", "leads", "leads", "join", "undo", "undo", "erase"]
STEPS = st.lists(st.tuples(st.sampled_from(VERBS), st.integers(0, 63), st.integers(0, 63)), min_size=1, max_size=14)


@example(
    steps=[
        ("join", 47, 30),
        ("people", 46, 8),
        ("people", 34, 21),
        ("undo", 34, 41),
        ("leads", 9, 16),
        ("organisations", 7, 8),
        ("undo", 24, 31),
        ("leads", 15, 20),
        ("leads", 8, 23),
        ("undo", 54, 6),
        ("people", 51, 22),
        ("people", 15, 46),
        ("undo", 47, 27),
        ("join", 45, 37),
    ]
)
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), phases=NO_SHRINKING)
@given(steps=STEPS)
def test_any_order_of_merging_undoing_and_erasing_leaves_the_ledger_clean_and_reports_as_they_were(steps):
    with transaction.atomic():
        world = World()
        before, as_told = world.counted(), told()
        for verb, one, other in steps:
            try:
                with transaction.atomic():
                    world.do(verb, one, other)
            except Refusal:
                continue
            finally:
                connection.check_constraints()
        call_command("check_ledger")
        assert world.counted() == before
        if not Person.objects.exclude(erased_at=None).exists():
            for merge in Merge.objects.standing().order_by("-pk"):
                merging.undo(merge, by=world.ana, at=timezone.now())
            assert told() == as_told
            assert world.counted() == before
        transaction.set_rollback(True)


@pytest.mark.slow
def test_no_report_of_the_demo_changes_when_its_records_are_merged_and_erased():
    """Except that what goes with winning reads facts as they stand now; it is counted from the same deals."""
    at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    demo.load(at=at)
    ada = make_user(role=Role.ADMIN, team=make_team())
    before = reports(at)
    merge_and_erase(ada)
    call_command("check_ledger")
    after = reports(at)
    changed = [name for name in before if after[name] != before[name]]
    assert set(changed) <= {"drivers"}
    assert after["drivers"]["n"] == before["drivers"]["n"]


def reports(at: datetime) -> dict[str, dict]:
    selection = Selection(Pipeline.objects.get(is_default=True).pk, at.date())
    return {name: catalogue.compute(name, selection) for name in catalogue.REPORTS}


def merge_and_erase(ada) -> None:
    """Dozens of people, companies and leads become one, some of them two again, and some people are forgotten."""
    people = list(Person.objects.order_by("pk")[:60])
    houses = list(Organisation.objects.order_by("pk")[:20])
    leads = list(Lead.objects.open().order_by("-pk")[:40])
    pairs = [(merging.people, *pair) for pair in zip(people[:20], people[20:40], strict=True)]
    pairs += [(merging.organisations, *pair) for pair in zip(houses[:10], houses[10:], strict=True)]
    pairs += [
        (merging.leads, *merging.which_stays(*pair))
        for pair in zip(leads[:20], leads[20:], strict=True)
        if not all(map(merging.was_with_sales, pair))
    ]
    merges = [verb(keep, other, by=ada, at=timezone.now()) for verb, keep, other in pairs]
    assert len(merges) > 40
    for merge in merges[::3]:
        merging.undo(merge, by=ada, at=timezone.now())
    customers = Person.objects.known().filter(deals__in=Deal.objects.won()).exclude(pk__in=[one.pk for one in people])
    for person in [*people[40:50], *customers.distinct()[:5]]:
        erasing.erase(person, by=ada, at=timezone.now())
