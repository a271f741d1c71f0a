from django.db import models
from django.db.models import F, Q

from .deal import Deal
from .pipeline import Pipeline, Stage

ENOUGH_CLOSED = 30


class DealChance(models.Model):
    """What analytics learned of an open deal, as it stood in `stage`: its chance to be won, with a range, the day on
    which it is won if it is, four times in five between the early and the late one, and what moves the chance. Written
    by `norming`.

    reasons: [{"key": …, "points": …, …}], the strongest first; points: the chance less what it were without that fact.
    """

    deal = models.OneToOneField(Deal, models.CASCADE, related_name="outlook")
    stage = models.ForeignKey(Stage, models.CASCADE, related_name="+")
    chance = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()
    early_on = models.DateField(null=True)
    likely_on = models.DateField(null=True)
    late_on = models.DateField(null=True)
    reasons = models.JSONField(default=list)
    as_of = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(low__gte=0, low__lte=F("chance"), high__gte=F("chance"), high__lte=1),
                name="dealchance_lies_in_its_range",
            ),
            models.CheckConstraint(
                condition=Q(early_on=None, likely_on=None, late_on=None)
                | Q(
                    early_on__isnull=False,
                    likely_on__isnull=False,
                    late_on__isnull=False,
                    early_on__lte=F("likely_on"),
                    likely_on__lte=F("late_on"),
                ),
                name="dealchance_days_follow_each_other",
            ),
        ]

    def __str__(self):
        return f"{self.deal_id}: {self.chance:.2f}"


class ChanceNorm(models.Model):
    """Of how many closed deals a pipeline's chances were learned, and how far the logs had come then."""

    pipeline = models.OneToOneField(Pipeline, models.CASCADE, related_name="chance_norm")
    closed = models.PositiveIntegerField()
    head = models.CharField(max_length=200)
    as_of = models.DateTimeField()

    def __str__(self):
        return f"{self.pipeline_id}: {self.closed}"

    @property
    def is_enough(self) -> bool:
        return self.closed >= ENOUGH_CLOSED
