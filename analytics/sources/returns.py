"""Returns to marketing whose end is known."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

from deals.models import Deal, LostReason, StageKind
from leads.models import LeadAmendment, LeadEvent, LeadStage, Recycling
from pipeline_crm.foundation.append_only import AmendmentKind, Origin

from .pipelines import LOST_LEADS


@dataclass(frozen=True)
class Attempts:
    """Returns to marketing whose end is known: days waited, the id of the lost reason, and 1 where the next try won."""

    days: np.ndarray
    reason: np.ndarray
    won: np.ndarray


def attempts(at: datetime) -> Attempts:
    """Every return that stands, was contacted again, and has come to an end.

    It is won when the lead's next deal is; it is not when that is lost, when marketing let the lead go, or when a year
    after asking again nothing has come of it. What is still under way is left out, since its end is not known yet.
    """
    reasons = dict(LostReason.objects.values_list("name", "pk"))
    voided = set(LeadAmendment.objects.filter(kind=AmendmentKind.VOID).values_list("card", "seq"))
    woken: dict[int, list[tuple[int, datetime]]] = {}
    left = LeadEvent.objects.filter(from_stage=LeadStage.WAITING, occurred_at__lte=at).exclude(source=Origin.UNDO)
    for card, seq, when in left.order_by("card", "seq").values_list("card", "seq", "occurred_at"):
        if (card, seq) not in voided:
            woken.setdefault(card, []).append((seq, when))
    tries = Deal.objects.filter(attempt__gt=1).order_by("pk").values_list("lead", "attempt", "stage__kind")
    ends = {(lead, attempt): kind for lead, attempt, kind in tries}
    rows = []
    recyclings = Recycling.objects.filter(at__lte=at).select_related("lead")
    for one in recyclings.only("seq", "attempt", "reason", "at", "lead__stage", "lead__attempt"):
        asked = next((when for seq, when in woken.get(one.lead_id, []) if seq > one.seq), None)
        if (one.lead_id, one.seq) in voided or asked is None or one.reason not in reasons:
            continue
        end = ends.get((one.lead_id, one.attempt + 1))
        gone = one.lead.stage in LOST_LEADS and one.lead.attempt == one.attempt + 1
        if end in (StageKind.WON, StageKind.LOST) or end is None and (gone or at - asked > timedelta(days=365)):
            rows.append(((asked - one.at).total_seconds() / 86400, reasons[one.reason], end == StageKind.WON))
    days, reason, won = (np.array([row[place] for row in rows]) for place in range(3))
    return Attempts(days.astype(float), reason.astype(int), won.astype(float))
