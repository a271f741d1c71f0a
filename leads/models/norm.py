from django.db import models

from .lead import LeadStage


class LeadStageNorm(models.Model):
    """What analytics learned of a lead stage: days by which half, and 85 %, of all that entered have left."""

    stage = models.CharField(max_length=15, choices=LeadStage, unique=True)
    n = models.PositiveIntegerField()
    median_days = models.FloatField(null=True)
    p85_days = models.FloatField(null=True)
    as_of = models.DateTimeField()
