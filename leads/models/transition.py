from django.db import models
from django.db.models import F, Q

from pipeline_crm.foundation.append_only import FieldChange, StageAmendment, StageEvent

from .batch import Batch
from .lead import Lead, LeadStage

HANDED_BACK = Q(from_stage="ready", to_stage__in=["qualification", "nurturing"])


class LeadEvent(StageEvent):
    """A step of a lead. `reason` says why it was disqualified or handed back, and only then."""

    card = models.ForeignKey(Lead, models.PROTECT, related_name="events")
    from_stage = models.CharField(max_length=15, choices=LeadStage, null=True)
    to_stage = models.CharField(max_length=15, choices=LeadStage)
    reason = models.CharField(max_length=200, null=True)
    batch = models.ForeignKey(Batch, models.PROTECT, null=True, related_name="+")

    class Meta(StageEvent.Meta):
        constraints = [
            *StageEvent.Meta.constraints,
            models.CheckConstraint(
                condition=Q(source="undo")
                | Q(Q(to_stage="disqualified") | HANDED_BACK, reason__isnull=False)
                | Q(~Q(to_stage="disqualified"), ~HANDED_BACK | Q(from_stage__isnull=True), reason__isnull=True),
                name="leadevent_has_a_reason_if_and_only_if_refused",
            ),
        ]
        indexes = [
            models.Index(F("xid"), F("id"), name="leadevent_cursor"),
        ]

    @property
    def from_key(self):
        return self.from_stage

    @property
    def to_key(self):
        return self.to_stage


class LeadAmendment(StageAmendment):
    card = models.ForeignKey(Lead, models.PROTECT, related_name="amendments")


class LeadChange(FieldChange):
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="changes")
