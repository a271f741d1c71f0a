from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.utils.translation import gettext_lazy as _

from .merge import not_merged_into_itself


class OrganisationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Everyone who works here sees every organisation; their cards are what is guarded."""
        return self if user.is_active else self.none()

    def known(self):
        """Those that were not merged into another."""
        return self.filter(merged_into=None)

    def named(self, name: str):
        return self.filter(name__iexact=name.strip())


class Organisation(models.Model):
    """A company or institution that may buy."""

    name = models.CharField(_("name"), max_length=200)
    domain = models.CharField(_("domain"), max_length=200, blank=True)
    sector = models.CharField(_("sector"), max_length=100, blank=True)
    employees = models.PositiveIntegerField(_("employees"), null=True, blank=True)
    country = models.CharField(_("country"), max_length=100, blank=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", editable=False
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        indexes = [
            models.Index(models.functions.Upper("name"), name="organisation_called"),
            models.Index(models.functions.Upper("domain"), name="organisation_by_domain"),
            GinIndex(OpClass("name", name="gin_trgm_ops"), name="organisation_by_likeness"),
        ]
        constraints = [not_merged_into_itself("organisation")]

    def __str__(self):
        return self.name

    @property
    def standing(self):
        """The organisation itself, or the one that it was merged into."""
        return self.merged_into.standing if self.merged_into else self
