from typing import Self

from django.db import models


class ReportRunQuerySet(models.QuerySet):
    def newest_for(self, report: str, question: str) -> "ReportRun | None":
        """The newest answer to the question, whatever day or head it is of."""
        return self.filter(report=report, question=question).order_by("-computed_at").first()

    def visible_to(self, user) -> Self:
        return self.all() if user.is_active else self.none()


class ReportRun(models.Model):
    """One computed report: what was asked, how far the logs had come, what came out. Written once, never changed."""

    report = models.CharField(max_length=20)
    question = models.CharField(max_length=32)  # equal for the same page on different days
    digest = models.CharField(max_length=32)  # of the whole selection, its day included
    head = models.CharField(max_length=200)
    as_of = models.DateField()
    result = models.JSONField()
    computed_at = models.DateTimeField()
    took_ms = models.PositiveIntegerField()
    job = models.ForeignKey("jobs.Job", models.SET_NULL, null=True, related_name="+")

    objects = ReportRunQuerySet.as_manager()

    class Meta:
        ordering = ["-computed_at"]
        constraints = [
            models.UniqueConstraint(fields=["report", "digest", "head"], name="report_is_computed_once_a_head")
        ]
        indexes = [models.Index(fields=["report", "question", "-computed_at"], name="report_newest")]

    def __str__(self):
        return f"{self.report} as of {self.as_of}"
