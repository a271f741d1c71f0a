from django.db import models
from django.db.models import F, Q

from leads.models import Batch
from pipeline_crm.foundation.append_only import StageAmendment, StageEvent

from .deal import Deal
from .lost_reason import LostReason
from .pipeline import Stage, StageKind


class DealEvent(StageEvent):
    """A step of a deal. It has a lost reason if and only if it leads to Lost."""

    card = models.ForeignKey(Deal, models.PROTECT, related_name="events")
    from_stage = models.ForeignKey(Stage, models.PROTECT, null=True, related_name="+")
    to_stage = models.ForeignKey(Stage, models.PROTECT, related_name="+")
    to_kind = models.CharField(max_length=4, choices=StageKind)
    lost_reason = models.ForeignKey(LostReason, models.PROTECT, null=True, related_name="+")
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="+")

    class Meta(StageEvent.Meta):
        constraints = [
            *StageEvent.Meta.constraints,
            models.CheckConstraint(
                condition=Q(to_kind="lost", lost_reason__isnull=False)
                | Q(~Q(to_kind="lost"), lost_reason__isnull=True),
                name="dealevent_is_lost_if_and_only_if_it_has_a_reason",
            ),
        ]
        indexes = [
            models.Index(F("xid"), F("id"), name="dealevent_cursor"),
        ]

    @property
    def from_key(self):
        return self.from_stage_id

    @property
    def to_key(self):
        return self.to_stage_id


class DealAmendment(StageAmendment):
    card = models.ForeignKey(Deal, models.PROTECT, related_name="amendments")
