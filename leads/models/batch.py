from django.conf import settings
from django.db import models


class Batch(models.Model):
    """One import or mass change, so that everything it wrote can be found again.

    `summary` holds the counts in, created, updated, skipped and rejected, and each rejected line's reason.
    """

    kind = models.CharField(max_length=20)
    file_name = models.CharField(max_length=255, blank=True)
    digest = models.CharField(max_length=64, blank=True)
    mapping = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    summary = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]

    def __str__(self):
        return f"{self.kind} {self.file_name}".strip()
