from django.conf import settings
from django.db import models

from pipeline_crm.foundation.append_only import AmendmentKind

from .lead import Lead
from .transition import LeadAmendment


class RecyclingQuerySet(models.QuerySet):
    def standing(self):
        """Those whose step has not been taken back."""
        voided = LeadAmendment.objects.filter(
            card=models.OuterRef("lead"), seq=models.OuterRef("seq"), kind=AmendmentKind.VOID
        )
        return self.filter(~models.Exists(voided))


class Recycling(models.Model):
    """One return of a lost deal's lead to marketing: why, what was at stake, and when to ask again.

    `seq` is the lead's step to Waiting that it belongs to; when that step is voided, so is this.
    """

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="recyclings")
    seq = models.PositiveIntegerField()
    attempt = models.PositiveIntegerField()
    reason = models.CharField(max_length=200, blank=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    currency = models.CharField(max_length=3)
    contact_again_on = models.DateField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    objects = RecyclingQuerySet.as_manager()

    class Meta:
        ordering = ["lead", "seq"]
        constraints = [models.UniqueConstraint(fields=["lead", "seq"], name="recycling_happens_once_per_step")]
