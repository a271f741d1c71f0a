"""Small, honest objects for tests: made through the domain's own verbs where a history is involved."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from django.core.files.base import ContentFile
from django.utils import timezone

from deals.domain import opening, shaping
from deals.models import Deal, LostReason, Pipeline, Stage
from leads.domain import capturing
from leads.models import Attachment, Lead, Mail, MailTemplate, Person, Reply
from pipeline_crm.accounts.models import Membership, Role, Team, User

_numbers = count(1)
HOME = ZoneInfo("Europe/Berlin")  # where companies and pipelines are unless they say otherwise


def ago(days: float = 0, **kwargs) -> datetime:
    """A moment in the past: so many days earlier on the calendar at home, whatever the clocks did meanwhile."""
    return (timezone.now().astimezone(HOME) - timedelta(days=days)).astimezone(UTC) - timedelta(**kwargs)


def day_ago(days: int = 0) -> date:
    """The day of that moment at home."""
    return ago(days).astimezone(HOME).date()


def make_user(*, name: str = "", team: Team | None = None, role: str = Role.REP, **fields) -> User:
    number = next(_numbers)
    user = User.objects.create_user(
        email=fields.pop("email", f"person{number}@example.com"), name=name or f"Person {number}", **fields
    )
    if team:
        Membership.objects.create(user=user, team=team, role=role)
    return user


def make_team(name: str = "") -> Team:
    return Team.objects.create(name=name or f"Team {next(_numbers)}")


def three_people() -> tuple[User, User, User]:
    """Ana owns, Ben leads her team, Cleo is a stranger."""
    north, south = make_team(), make_team()
    return (
        make_user(name="Ana", team=north),
        make_user(name="Ben", team=north, role=Role.MANAGER),
        make_user(name="Cleo", team=south),
    )


def make_pipeline(name: str = "", **fields) -> Pipeline:
    return shaping.create_pipeline(name or f"Pipeline {next(_numbers)}", by=None, **fields)


def make_reason(name: str = "", days: int | None = 90) -> LostReason:
    return LostReason.objects.create(name=name or f"Reason {next(_numbers)}", contact_again_after_days=days)


def make_lead(*, by: User | None = None, at: datetime | None = None, **fields) -> Lead:
    fields.setdefault("organisation", f"Company {next(_numbers)}")
    return capturing.capture(by=by, at=at or ago(30), **fields)


def make_mail(lead: Lead, **fields) -> Mail:
    """A mail that waits, from a template of its own."""
    at = ago(1)
    person = lead.person or Person.objects.create(name="Kim", email=f"person{next(_numbers)}@example.com")
    words = {"name": f"Template {next(_numbers)}", "subject": "Hello", "body": "How are you?"}
    template = MailTemplate.objects.create(created_at=at, **words)
    facts = {"subject": "Hello", "text": "How are you?", "purpose": "offers", "to": person.email}
    return Mail.objects.create(lead=lead, person=person, template=template, due_at=at, created_at=at, **facts | fields)


def make_attachment(lead: Lead) -> Attachment:
    """A file that came with an answer of the lead's."""
    person = lead.person or Person.objects.create(name="Kim", email=f"person{next(_numbers)}@example.com")
    at, facts = ago(1), {"sender": person.email, "subject": "Re: Hello", "text": "Yes."}
    reply = Reply.objects.create(
        lead=lead, person=person, message_id=f"{next(_numbers)}@x", written_at=at, received_at=at, **facts
    )
    return Attachment.objects.create(reply=reply, name="offer.pdf", size=4, file=ContentFile(b"%PDF", name="offer.pdf"))


def make_deal(
    *,
    pipeline: Pipeline | None = None,
    stage: str | None = None,
    lead: Lead | None = None,
    by: User | None = None,
    at: datetime | None = None,
    amount=1000,
    **fields,
) -> Deal:
    """An open deal, in the named stage or the pipeline's first."""
    at = at or ago(20)
    pipeline = pipeline or make_pipeline()
    lead = lead or make_lead(by=by, at=at - timedelta(days=1))
    return opening.open_deal(
        lead=lead,
        pipeline=pipeline,
        stage=stage_of(pipeline, stage) if stage else None,
        amount=amount,
        by=by,
        at=at,
        **fields,
    )


def stage_of(pipeline: Pipeline, name: str) -> Stage:
    return pipeline.stages.get(name=name)
