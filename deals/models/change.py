from django.db import models

from pipeline_crm.foundation.append_only import FieldChange

from .deal import Deal


class DealChange(FieldChange):
    deal = models.ForeignKey(Deal, models.PROTECT, related_name="changes")

    class Meta(FieldChange.Meta):
        indexes = [models.Index(fields=["deal", "field"], name="dealchange_of_field")]
