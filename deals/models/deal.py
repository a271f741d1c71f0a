from decimal import Decimal

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from leads.models import Lead, Organisation, Person
from pipeline_crm.accounts.models import Team, TeamVisible
from pipeline_crm.foundation.append_only import Card, amount_is_a_number

from .pipeline import Pipeline, Stage, StageKind


class DealType(models.TextChoices):
    NEW = "new", _("New business")
    RENEWAL = "renewal", _("Renewal")
    UPSELL = "upsell", _("Upsell")


class DealQuerySet(TeamVisible):
    def open(self):
        return self.filter(stage__kind=StageKind.OPEN)

    def won(self):
        return self.filter(stage__kind=StageKind.WON)

    def lost(self):
        return self.filter(stage__kind=StageKind.LOST)

    def in_stage(self, stage):
        return self.filter(stage=stage)


class Deal(Card):
    """A chance to sell, grown out of a lead. Its stage changes only through `deals.domain._log`."""

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="deals")
    stage = models.ForeignKey(Stage, models.PROTECT, related_name="deals")
    title = models.CharField(_("title"), max_length=200, blank=True)
    lead = models.ForeignKey(Lead, models.PROTECT, related_name="deals")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="deals")
    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="deals")
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="deals", verbose_name=_("owner")
    )
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="deals")
    amount = models.DecimalField(_("value"), max_digits=18, decimal_places=2, null=True, blank=True)
    base_amount = models.DecimalField(max_digits=18, decimal_places=2, null=True, editable=False)
    expected_close = models.DateField(_("expected close"), null=True, blank=True)
    deal_type = models.CharField(_("type"), max_length=8, choices=DealType, default=DealType.NEW)
    competitor = models.CharField(_("competitor"), max_length=120, blank=True)
    concerns = models.TextField(_("concerns"), blank=True, max_length=10_000)
    marketing_allowed = models.BooleanField(
        _("marketing"), default=False, choices=[(False, _("Pauses while the deal is open")), (True, _("Goes on"))]
    )
    attempt = models.PositiveIntegerField(default=1, editable=False)

    objects = DealQuerySet.as_manager()

    class Meta(Card.Meta):
        ordering = ["rank", "id"]
        indexes = [
            *Card.Meta.indexes,
            models.Index(fields=["stage", "rank", "id"], name="deal_column"),
            models.Index(fields=["owner", "stage", "rank", "id"], name="deal_column_of_owner"),
            models.Index(fields=["stage", "-stage_entered_at", "id"], name="deal_newest_in_stage"),
            models.Index(
                F("pipeline"), F("base_amount").desc(nulls_last=True), "id", name="deal_by_value", include=["stage"]
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=amount_is_a_number(), name="deal_amount_is_a_number"),
            models.CheckConstraint(condition=amount_is_a_number("base_amount"), name="deal_base_amount_is_a_number"),
            models.CheckConstraint(
                condition=Q(amount__isnull=True) | Q(base_amount__isnull=False), name="deal_amount_is_known_in_base"
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def stage_key(self):
        return self.stage_id

    @property
    def worth(self):
        return self.amount

    @property
    def name(self) -> str:
        return str(self.organisation or self.person or self.title or f"#{self.pk}")

    @property
    def expected(self):
        """What is learned of this deal (DealChance), as long as it is where it was then."""
        found = getattr(self, "outlook", None)
        return found if found and found.stage_id == self.stage_id else None

    @property
    def chance(self) -> float | None:
        """The chance that it is won: its own where one was learned, else its stage's."""
        return self.expected.chance if self.expected else self.stage.chance

    @property
    def weighted(self) -> Decimal | None:
        """What it brings on average, in the base currency."""
        if self.chance is None or self.base_amount is None:
            return None
        return round(self.base_amount * Decimal(str(self.chance)), 2)

    @property
    def is_second_try(self) -> bool:
        return self.attempt > 1
