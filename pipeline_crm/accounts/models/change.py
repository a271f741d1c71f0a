"""What was changed about people, teams and the company: by whom, when, from what to what."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class Change(models.Model):
    """Append-only, kept so by the database; written by domain._log alone. Holds ids and settings, no personal data."""

    subject = models.CharField(max_length=60, db_index=True)
    field = models.CharField(max_length=60)
    before = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    after = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    recorded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.subject}: {self.field}"
