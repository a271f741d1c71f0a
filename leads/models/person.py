from django.db import models
from django.db.models import F, Q, Value
from django.db.models.functions import Lower, Upper
from django.utils.translation import gettext_lazy as _

from .merge import not_merged_into_itself
from .organisation import Organisation

MAIL_DOMAIN = models.Func(
    Lower(F("email")), Value("@"), Value(2), function="split_part", output_field=models.CharField()
)


class PersonQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self if user.is_active else self.none()

    def known(self):
        """Those there is something to know of: neither merged into another nor erased."""
        return self.filter(merged_into=None, erased_at=None)

    def with_mail_at(self, domain: str):
        """Those whose mailbox is at that domain, given in small letters."""
        return self.annotate(mail_domain=MAIL_DOMAIN).filter(mail_domain=domain)


class Person(models.Model):
    """Someone we talk to. Together with notes, the only home of personal data.

    `phone` is what was typed, `phone_e164` the number it means (`domain.dialling`), by which it is compared.
    `erased_mark` stands for the address of whoever was erased, so that they are not written to when it comes in anew.
    """

    name = models.CharField(_("name"), max_length=200, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    phone_e164 = models.CharField(max_length=30, blank=True, editable=False)
    role = models.CharField(_("role"), max_length=100, blank=True)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, null=True, blank=True, related_name="people", verbose_name=_("organisation")
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, blank=True, help_text=_("Empty: their country's, else the company's.")
    )
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", editable=False
    )
    erased_at = models.DateTimeField(null=True, editable=False)
    erased_mark = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        indexes = [
            models.Index(Upper("email"), name="person_by_address"),
            models.Index(MAIL_DOMAIN, name="person_by_mail_domain"),
            models.Index(fields=["phone_e164"], name="person_by_phone", condition=~Q(phone_e164="")),
            models.Index(fields=["erased_mark"], name="person_erased", condition=~Q(erased_mark="")),
        ]
        constraints = [not_merged_into_itself("person")]

    def __str__(self):
        return str(_("Erased person")) if self.erased_at else self.name or self.email

    @property
    def standing(self):
        """The person themselves, or the record that they were merged into."""
        return self.merged_into.standing if self.merged_into else self
