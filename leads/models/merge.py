from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


def not_merged_into_itself(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(
        condition=Q(merged_into__isnull=True) | ~Q(merged_into=F("id")), name=f"{name}_is_not_merged_into_itself"
    )


class MergeKind(models.TextChoices):
    PERSON = "person", _("People")
    ORGANISATION = "organisation", _("Organisations")
    LEAD = "lead", _("Leads")


class MergeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Everyone who works here sees which records were made one; who may undo it is another question."""
        return self if user.is_active else self.none()

    def standing(self):
        return self.filter(undone_at=None)

    def into(self, kind: str, keep: int):
        """What stands merged into this row, the newest first."""
        return self.standing().filter(kind=kind, keep=keep)


class Merge(models.Model):
    """Two records that are one: `other` stays as a row that points to `keep`. Written by `domain.merging`.

    `took` is what was set anew in `keep`: {field: [before, after]}; `moved` is what points to `keep` since:
    {"app.model.field": [ids]}. Both are what undoing needs.
    """

    kind = models.CharField(max_length=12, choices=MergeKind)
    keep = models.BigIntegerField()
    other = models.BigIntegerField()
    took = models.JSONField(default=dict)
    moved = models.JSONField(default=dict)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    objects = MergeQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        indexes = [models.Index(fields=["kind", "keep"], name="merge_of_row")]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "other"], condition=Q(undone_at=None), name="merge_is_into_one_row_at_most"
            ),
            models.CheckConstraint(condition=~Q(keep=F("other")), name="merge_is_of_two_rows"),
        ]

    def __str__(self):
        return f"{self.kind} {self.other} → {self.keep}"
