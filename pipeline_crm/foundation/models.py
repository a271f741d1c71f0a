"""The ground floor's only table: requests that carried a key, and what they were answered."""

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models


class Request(models.Model):
    """Written by foundation.requests in the transaction of the request's effect; forgotten after a day."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    body = models.TextField(blank=True)
    at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="request_is_answered_once_per_key")]

    def __str__(self) -> str:
        return self.key
