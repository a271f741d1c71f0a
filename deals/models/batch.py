from django.db import models

from leads.models import Batch

from .deal import Deal


class ImportedCase(models.Model):
    """The name a deal has in another system, so that a second import finds it instead of adding it again."""

    source_name = models.CharField(max_length=80)
    key = models.CharField(max_length=200)
    deal = models.ForeignKey(Deal, models.PROTECT, related_name="imported_cases")
    digest = models.CharField(max_length=64)
    batch = models.ForeignKey(Batch, models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source_name", "key"], name="importedcase_is_known_once")]
