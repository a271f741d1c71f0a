"""Every address × who asks: what is not theirs is refused, and nothing in the database has changed by asking."""

import re
from datetime import date
from decimal import Decimal

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from analytics.models import Improvement, Scenario, Target
from deals.domain import noting as deal_notes
from deals.models import Product
from leads.domain import merging
from leads.domain import noting as lead_notes
from leads.domain.contacting import clicking
from leads.models import (
    Batch,
    Cadence,
    Campaign,
    Criterion,
    HandBackReason,
    LeadForm,
    Likeness,
    Mail,
    Mailing,
    Person,
    ScoreRule,
    Segment,
    Territory,
)
from pipeline_crm.accounts.models import ExchangeRate, Holiday, Membership, Notification, Role, SavedView, User
from pipeline_crm.foundation.checks import routes
from pipeline_crm.jobs.models import Job
from tests.factories import (
    ago,
    make_attachment,
    make_deal,
    make_lead,
    make_mail,
    make_pipeline,
    make_reason,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db

OURS = {
    re.sub(r"<\w+:", "<", route): view.policy
    for route, view in routes(get_resolver())
    if not view.__module__.startswith(("allauth.", "django."))
}
CARDS = tuple(f"acts on a visible {model}" for model in ("Deal", "Lead", "Job", "SavedView", "Notification"))

# Read and agreed to: a new address is either closed by a rule or added here on purpose.
PUBLIC = {
    "health/", "unsubscribe/<token>/", "forms/<key>/", "forms/<key>/leads/", "confirm/<token>/", "hooks/<which>",
    "follow/<token>/",
}  # fmt: skip
FOR_EVERYONE_SIGNED_IN = {
    "", "views/new/", "notifications/", "notifications/reading/",
    "profile/", "profile/theme/", "session/", "settings/", "leads/new/", "deals/new/",
    "marketing/", "marketing/distance/", "marketing/score/", "marketing/criteria/", "marketing/handover/",
    "marketing/mails/", "marketing/answers/", "marketing/cadences/",
    "people/", "people/<pk>/", "people/<pk>/deals/",  # everyone knows the people, and only their own cards
    "organisations/", "organisations/<pk>/", "organisations/<pk>/deals/",
    "marketing/recycling/", "marketing/recycling/results/", "marketing/columns/<stage>/",
    "sales/<pk>/", "sales/<pk>/columns/<stage_pk>/",
    "marketing/changes/", "marketing/cards/", "sales/<pk>/changes/", "sales/<pk>/cards/",  # visible cards only
    "sales/<pk>/bulk/", "sales/<pk>/bulk/<batch_pk>/undoing/",  # each card is asked for its own rights
    "marketing/bulk/", "marketing/bulk/<batch_pk>/undoing/", "sales/<pk>/table/", "sales/<pk>/table.csv",
    "insight/", "insight/cards/",
    "insight/what-if/", "insight/what-if/answer/", "insight/what-if/exactly/", "insight/what-if/scenarios/",
    "insight/judgement/", "insight/judgement/<table>.json", "insight/judgement/<table>.csv",
    "insight/<name>/", "insight/<name>.json", "insight/<name>.csv",
    "insight/<name>/<table>.json", "insight/<name>/<table>.csv",
    "insight/printed/", "insight/printed.pdf", "insight/<name>/printed/", "insight/<name>.pdf",
}  # fmt: skip
FOR_WHO_SEES_THE_CARD = {
    "leads/<pk>/contact/", "leads/<pk>/", "leads/<pk>/card/", "marketing/mails/<pk>/", "marketing/attachments/<pk>/",
    "deals/<pk>/", "deals/<pk>/card/", "deals/<pk>/row/", "jobs/<pk>/", "notifications/<pk>/reading/",
}  # fmt: skip
A_TEAMMATE_MAY = {"leads/<pk>/acceptance/"}
OF_ONE_PERSON = {route for route, policy in OURS.items() if re.search("visible (SavedView|Notification)", policy)}


@pytest.fixture
def scene(settings, tmp_path):
    """Ana owns a lead and a deal in North, Fay is her teammate, Cleo works in South, Dora administers, Gus has left."""
    north, south = make_team("North"), make_team("South")
    ana, fay = make_user(name="Ana", team=north), make_user(name="Fay", team=north)
    settings.MEDIA_ROOT = tmp_path
    people = {
        "ana": ana,
        "fay": fay,
        "cleo": make_user(name="Cleo", team=south),
        "dora": make_user(name="Dora", team=south, role=Role.ADMIN),
        "gus": make_user(name="Gus", team=north, is_active=False),
    }
    pipeline = make_pipeline()
    deal = make_deal(pipeline=pipeline, owner=ana, by=ana)
    lead = make_lead(owner=ana, by=ana)
    now = timezone.now()
    plan = {"kind": "call", "subject": "Ring", "due_on": date(2030, 1, 1), "by": ana, "at": now}
    return {
        "people": people,
        "Deal": deal,
        "Lead": lead,
        "Likeness": Likeness.objects.create(
            lead=make_lead(owner=ana, by=ana), like=lead, signs=["phone"], found_at=now
        ),
        "Pipeline": pipeline,
        "Stage": pipeline.stages.first(),
        "Team": north,
        "User": ana,
        "Membership": Membership.objects.get(user=ana),
        "Job": Job.objects.create(kind="jobs.tidy", idem_key="1", by=ana, accepted_at=now, due_at=now, state="dead"),
        "ExchangeRate": ExchangeRate.objects.create(currency="USD", on=date(2026, 1, 1), rate=Decimal("0.9")),
        "Product": Product.objects.create(name="Seat"),
        "Cadence": (cadence := Cadence.objects.create(name="Introduction", created_at=now)),
        "CadenceStep": cadence.steps.create(position=1, kind="task", subject="Ring"),
        "Mail": (mail := make_mail(lead, text="See https://www.example.com/.")),
        "MailTemplate": mail.template,
        "Attachment": make_attachment(lead),
        "Person": mail.person,
        "Organisation": lead.organisation,
        "Merge": merging.people(mail.person, Person.objects.create(name="Twin"), by=ana, at=now),
        "LeadForm": (form := LeadForm.objects.create(name="Contact", heading="Contact", created_at=now)),
        "Campaign": (campaign := Campaign.objects.create(name="Spring", word="spring", starts_on=now, created_at=now)),
        "CampaignCost": campaign.costs.create(on=now, amount=1, currency="EUR", recorded_at=now),
        "Capture": form.captures.create(received_at=now, token=mail.token),
        "Segment": (segment := Segment.objects.create(name="Mine", query="mine=1", owner=ana, created_at=now)),
        "Mailing": Mailing.objects.create(segment=segment, template=mail.template, by=ana, at=now),
        "ScoreRule": ScoreRule.objects.create(about="source", words="Fair", points=5),
        "Criterion": Criterion.objects.create(name="Need"),
        "Territory": Territory.objects.create(team=north),
        "HandBackReason": HandBackReason.objects.create(name="No budget"),
        "Holiday": Holiday.objects.create(on=date(2030, 12, 25), name="Christmas"),
        "LostReason": make_reason(),
        "Target": Target.objects.create(
            pipeline=pipeline, starts_on=now, ends_on=now, base_amount=1, owner=ana, recorded_at=now
        ),
        "Improvement": Improvement.objects.create(
            pipeline=pipeline, stage="lead-nurturing", what="Call at once", starts_on=now, by=ana, created_at=now
        ),
        "Scenario": Scenario.objects.create(
            pipeline=pipeline,
            name="Twice",
            inflow=100,
            starts_on=now,
            is_shared=True,
            by=people["dora"],
            created_at=now,
        ),
        "SavedView": SavedView.objects.create(owner=ana, page="/marketing/", name="Mine", query="mine=1"),
        "Notification": Notification.objects.create(user=ana, kind="test", words="x", url="/", key="1", at=now),
        "batch": Batch.objects.create(kind="deals move", by=ana, created_at=now, summary={"did": {}}),
        "activity of Deal": deal_notes.plan(deal, **plan),
        "activity of Lead": lead_notes.plan(lead, **plan),
    }


def path(route: str, scene: dict) -> str:
    """The route with the scene's own ids in it."""
    acted = re.search(r"acts on a visible (\w+)", OURS[route])
    subject = acted[1] if acted else next(
        (model for start, model in {
            "settings/stages/": "Stage", "settings/pipelines/": "Pipeline", "settings/company/rates/": "ExchangeRate",
            "settings/products/": "Product", "settings/reasons/": "LostReason",
            "marketing/score/rules/": "ScoreRule",
            "marketing/segments/": "Segment", "marketing/mailings/": "Mailing",
            "marketing/criteria/": "Criterion", "marketing/handover/territories/": "Territory",
            "marketing/handover/reasons/": "HandBackReason",
            "marketing/distance/holidays/": "Holiday", "marketing/templates/": "MailTemplate",
            "marketing/cadences/": "Cadence", "marketing/steps/": "CadenceStep",
            "marketing/forms/": "LeadForm", "marketing/campaigns/": "Campaign", "marketing/costs/": "CampaignCost",
        }.items() if route.startswith(start)), None,
    )  # fmt: skip
    values = {
        "pk": scene[subject].pk if subject else "",
        "stage_pk": scene["Stage"].pk,
        "stage": "nurturing",
        "batch_pk": scene["batch"].pk,
        "name": "bottleneck",
        "table": "words" if route.startswith("insight/judgement/") else "queues",
        "token": token_of_link(scene["Mail"]) if route.startswith("follow/") else scene["Mail"].token,
        "which": "postmark/tracking/",
        "act": "pausing",
        "key": scene["LeadForm"].key,
        "membership_pk": scene["Membership"].pk,
        "activity_pk": scene[f"activity of {subject}"].pk if "activity_pk" in route else "",
    }
    return "/" + re.sub(r"<(\w+)>", lambda match: str(values[match[1]]), route)


def token_of_link(mail: Mail) -> str:
    mail.counts_clicks, mail.template.body = True, mail.text
    return clicking.ways(mail)[0].rstrip("/").rpartition("/")[2]


def asked(scene: dict, name: str | None, method: str, route: str) -> int:
    client = Client(raise_request_exception=False)
    if name:
        client.force_login(scene["people"][name])
    return getattr(client, method)(path(route, scene)).status_code


def everything() -> str:
    """One word for all rows of all our tables, sessions and sign-ins apart."""
    ours = [model for model in apps.get_models() if model._meta.app_label not in {"sessions", "auth", "contenttypes"}]
    tables = sorted(model._meta.db_table for model in ours if model is not User)
    parts = [
        f"SELECT '{table}' AS name, md5(string_agg(t::text, '|' ORDER BY t.id)) AS sum FROM {table} t"
        for table in tables
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT md5(string_agg(name || coalesce(sum, ''), '|' ORDER BY name)) FROM ({' UNION ALL '.join(parts)}) s"
        )
        return cursor.fetchone()[0]


def test_each_address_is_closed_by_a_rule_or_open_on_purpose():
    open_routes = {route for route, policy in OURS.items() if "allows" not in policy}
    open_routes |= {route for route, policy in OURS.items() if "allows insight.view" in policy}
    assert open_routes == PUBLIC | FOR_EVERYONE_SIGNED_IN | FOR_WHO_SEES_THE_CARD


def refused(scene: dict, name: str | None, routes: set[str]) -> dict[str, set[int]]:
    """{route: what reading and writing there answered}; asking changes nothing in the database."""
    before = everything()
    answers = {route: {asked(scene, name, method, route) for method in ("get", "post")} for route in sorted(routes)}
    assert everything() == before
    return answers


def test_who_is_not_signed_in_or_has_left_is_sent_to_sign_in(scene):
    closed = OURS.keys() - PUBLIC
    for name in (None, "gus"):
        assert refused(scene, name, closed) == dict.fromkeys(closed, {302})


def test_a_stranger_does_not_learn_that_a_card_exists(scene):
    of_cards = {route for route, policy in OURS.items() if policy.startswith(CARDS)}
    assert refused(scene, "cleo", of_cards) == dict.fromkeys(of_cards, {404})


def test_a_teammate_sees_a_card_but_does_not_change_it(scene):
    changing = {r for r, p in OURS.items() if p.startswith(CARDS[:2]) and "allows" in p} - A_TEAMMATE_MAY
    assert refused(scene, "fay", changing) == dict.fromkeys(changing, {403})


def test_settings_are_the_administrators(scene):
    theirs = {r for r, p in OURS.items() if re.search("allows (settings.change|jobs.change_job|analytics)", p)}
    ana, fay = (refused(scene, name, theirs) for name in ("ana", "fay"))
    for route in theirs:
        statuses = ana[route] | fay[route]
        assert statuses <= {403, 404} and 403 in statuses, route


def test_an_administrator_is_let_in_everywhere(scene):
    answers = {route: asked(scene, "dora", "get", route) for route in sorted(OURS.keys() - OF_ONE_PERSON)}
    assert {route: status for route, status in answers.items() if status not in {200, 202, 302, 405, 422}} == {}


@pytest.mark.parametrize("kind", ["deals", "leads"])
@pytest.mark.parametrize("act", ["outcome", "date"])
def test_an_activity_is_reached_through_its_own_card_only(scene, kind, act):
    foreign = make_deal(pipeline=scene["Pipeline"], at=ago(3)) if kind == "deals" else make_lead()
    own = scene["activity of Deal" if kind == "deals" else "activity of Lead"]
    client = Client()
    client.force_login(scene["people"]["dora"])
    answer = client.post(f"/{kind}/{foreign.pk}/activities/{own.pk}/{act}/", {"due_on": "2031-01-01", "outcome": "x"})
    assert answer.status_code == 404
