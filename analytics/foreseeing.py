"""Carries what becomes of each open deal down to deals: one chance for card, panel and weighted sums."""

from dataclasses import asdict
from datetime import datetime

from deals.domain import norming
from deals.models import ChanceNorm, Pipeline

from . import sources
from .norming import DEAL
from .reports import deal_chances
from .selection import Selection


def foresee(*, at: datetime) -> int:
    """Write the chances of the open deals of every pipeline whose logs have moved, or on which a day has passed;
    answers of how many deals."""
    written = 0
    for pipeline in Pipeline.objects.filter(archived_at=None):
        selection = Selection(pipeline.pk, sources.today(pipeline, at))
        head = f"{sources.log_head()}:{sources.settings_digest()}:{selection.as_of}"
        if ChanceNorm.objects.filter(pipeline=pipeline, head=head).exists():
            continue
        found = deal_chances.expectations(sources.river(selection), sources.promises(selection), selection)
        expected = [
            norming.Expected(**asdict(one) | {"stage": int(one.stage.removeprefix(DEAL)), "reasons": list(one.reasons)})
            for one in found.deals
        ]
        norming.write_chances(pipeline, expected, closed=found.closed, head=head, as_of=at)
        written += len(expected)
    return written
