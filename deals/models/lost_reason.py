from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class LostReason(models.Model):
    """Why a deal was lost, how long to wait before asking again, and after how many tries nobody is asked any more."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    contact_again_after_days = models.PositiveSmallIntegerField(null=True, blank=True)
    most_tries = models.PositiveSmallIntegerField(
        _("tries at most"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(99)]
    )
    archived_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(most_tries__isnull=True) | models.Q(most_tries__gte=1),
                name="lost_reason_allows_a_try",
            )
        ]

    def __str__(self):
        return self.name


class RetryNorm(models.Model):
    """What analytics learned of coming again after a loss for this reason: the wait in days that pays best, the span of
    waits that are nearly as good, and of how many attempts that is known."""

    reason = models.OneToOneField(LostReason, models.CASCADE, related_name="norm")
    n = models.PositiveIntegerField()
    best_days = models.PositiveIntegerField()
    from_days = models.PositiveIntegerField()
    to_days = models.PositiveIntegerField()
    as_of = models.DateTimeField()

    def __str__(self):
        return f"{self.reason_id}: {self.best_days}"
