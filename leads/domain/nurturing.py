"""Back to nurturing from wherever a lead stands."""

from django.db import transaction

from ..models import Lead, LeadStage
from . import _log, moving


@transaction.atomic
def nurture(lead: Lead, *, by, at, reason: str = "") -> Lead:
    """Put a lead into Nurturing. Out of Ready for sales this hands it back and needs a reason."""
    _log.lock(lead)
    moving.step(lead, to=LeadStage.NURTURING, by=by, at=at, reason=reason)
    return lead
