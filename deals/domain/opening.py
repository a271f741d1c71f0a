"""A deal opens: out of a lead that sales accepts, or from nothing but a name."""

from django.db import transaction
from django.utils.translation import gettext as _

from leads.domain import capturing, qualifying
from leads.domain.recycling import local_date
from leads.models import OPEN_STAGES, Lead, LeadStage
from leads.models.lead import LeadQuerySet
from pipeline_crm.accounts.models import Company
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.placing import rank_between

from ..models import Deal, DealType, Pipeline, Stage
from . import _log
from .admitting import admit
from .revising import in_base


class NoPipeline(Refusal):
    """A deal needs a pipeline with an open stage."""

    status = 422


@transaction.atomic
def open_deal(
    *,
    lead: Lead,
    by,
    at,
    pipeline: Pipeline | None = None,
    stage: Stage | None = None,
    title: str = "",
    amount=None,
    currency: str | None = None,
    expected_close=None,
    deal_type: str = DealType.NEW,
    owner=None,
    team=None,
    competitor: str = "",
    concerns: str = "",
    tags=(),
    offered: bool = False,
    via: str = Origin.USER,
    batch=None,
) -> Deal:
    """Accept the lead and open its deal, in the pipeline's first stage unless told otherwise.

    The amount defaults to the lead's value. Refused without a pipeline, for leads that unsubscribed, and without what
    the stage asks for.
    """
    pipeline = pipeline or (stage.pipeline if stage else Pipeline.objects.filter(archived_at=None).first())
    if stage is None and pipeline:
        stage = pipeline.first_stage
    if stage is None:
        raise NoPipeline(_("Create a pipeline with a stage first, under Settings, Pipelines."))
    qualifying.accept(lead, by=by, at=at, via=via, offered=offered)
    amount = lead.value if amount is None else amount
    currency = currency or (lead.currency if lead.value is not None else Company.get().base_currency)
    deal = Deal(
        pipeline=pipeline,
        stage=stage,
        lead=lead,
        organisation=lead.organisation,
        person=lead.person,
        title=title.strip() or lead.title,
        owner=owner or by,
        team=team or capturing.team_of(owner) or lead.team or capturing.team_of(by),
        amount=amount,
        currency=currency,
        base_amount=in_base(amount, currency, on=local_date(at)),
        expected_close=expected_close,
        deal_type=deal_type,
        competitor=competitor.strip(),
        concerns=concerns.strip(),
        tags=list(tags),
        attempt=lead.attempt,
        rank=rank_between(Deal.objects.in_stage(stage)),
    )
    admit(deal, stage)
    _log.begin(deal, at=at, by=by, source=via, batch=batch)
    return deal


@transaction.atomic
def new_deal(
    *,
    organisation: str = "",
    person: str = "",
    email: str = "",
    phone: str = "",
    source=None,
    among: LeadQuerySet | None = None,
    by,
    at,
    owner=None,
    **deal,
) -> Deal:
    """Open a deal that did not come from marketing: organisation, person and lead are found or made.

    A lead of the same person or organisation that is still with marketing is taken along with its story, if it is
    `among` those the person may see.
    """
    found_organisation = capturing.find_organisation(organisation)
    found_person = capturing.find_person(name=person, email=email, phone=phone, organisation=found_organisation)
    lead = _lead_with_marketing(Lead.objects.all() if among is None else among, found_organisation, found_person)
    if lead is None:
        lead = capturing.capture(
            name=person,
            email=email,
            phone=phone,
            organisation=found_organisation,
            source=source,
            owner=owner or by,
            stage=LeadStage.ACCEPTED,
            by=by,
            at=at,
        )
    return open_deal(lead=lead, by=by, at=at, owner=owner, **deal)


def _lead_with_marketing(among: LeadQuerySet, organisation, person) -> Lead | None:
    leads = among.unmerged().filter(stage__in=OPEN_STAGES).order_by("-id")
    if person:
        return leads.filter(person=person).first()
    return leads.filter(organisation=organisation, person=None).first() if organisation else None
