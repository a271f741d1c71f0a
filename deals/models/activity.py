from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from leads.models import Activity

from .deal import Deal


class DealActivity(Activity):
    deal = models.ForeignKey(Deal, models.CASCADE, related_name="activities")

    class Meta(Activity.Meta):
        verbose_name_plural = _("activities with sales")
        indexes = [models.Index(fields=["deal", "due_on"], name="deal_next_step", condition=Q(done_at=None))]
