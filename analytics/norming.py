"""Carries what was learned of the stages down to deals and leads."""

from datetime import datetime

from deals.domain import norming as deal_norming
from deals.models import Pipeline
from leads.domain import norming as lead_norming

from . import sources
from .reports import norms
from .selection import Selection

LEAD, DEAL = "lead-", "deal-"


def learn(*, at: datetime) -> int:
    """Write the norms of every pipeline's stages, and of the lead stages as the default pipeline sees them; answers how
    many were written."""
    written = 0
    for pipeline in Pipeline.objects.filter(archived_at=None):
        selection = Selection(pipeline.pk, sources.today(pipeline, at))
        river = sources.river(selection)
        of_deals = [
            deal_norming.Learned(int(norm.key.removeprefix(DEAL)), norm.n, norm.median_days, norm.p85_days, norm.chance)
            for norm in norms.norms(river.deals, selection)
        ]
        deal_norming.write_norms(of_deals, as_of=at)
        written += len(of_deals)
        if pipeline.is_default:
            of_leads = [
                lead_norming.Learned(norm.key.removeprefix(LEAD), norm.n, norm.median_days, norm.p85_days)
                for norm in norms.norms(river.journeys, selection)
                if norm.key.startswith(LEAD)
            ]
            lead_norming.write_norms(of_leads, as_of=at)
            written += len(of_leads)
    return written
