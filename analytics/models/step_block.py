from django.db import models


class StepBlock(models.Model):
    """The steps of a log whose ids lie after `after_id` and up to `last_id`, packed for reports to read at once.

    A copy of what never changes, written by `sources.settle`; it may be thrown away at any time. data: the steps;
    apart: ids of those whose amounts follow rates, prices or products, and are therefore asked for each time. recipe:
    how it was packed; only blocks of today's recipe are read.
    """

    log = models.CharField(max_length=10)
    recipe = models.CharField(max_length=32)
    after_id = models.BigIntegerField()
    last_id = models.BigIntegerField()
    data = models.BinaryField()
    apart = models.BinaryField()

    class Meta:
        ordering = ["log", "after_id"]
        constraints = [
            models.UniqueConstraint(fields=["log", "recipe", "after_id"], name="step_block_begins_once"),
            models.CheckConstraint(condition=models.Q(last_id__gt=models.F("after_id")), name="step_block_holds_ids"),
        ]

    def __str__(self):
        return f"{self.log} {self.after_id}–{self.last_id}"
