from django.db import models
from django.utils.translation import gettext_lazy as _

from .organisation import Organisation


class PersonQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_active else self.none()


class Person(models.Model):
    """Someone we talk to. Together with notes, the only home of personal data."""

    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    role = models.CharField(_("role"), max_length=100, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="people", verbose_name=_("organisation")
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, help_text=_("Empty: their country's, else the company's.")
    )
    erased_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        indexes = [models.Index(models.functions.Lower("email"), name="person_by_email")]

    def __str__(self):
        return self.name or self.email
