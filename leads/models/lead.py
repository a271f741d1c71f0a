from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import Team, TeamVisible
from pipeline_crm.foundation.append_only import Card, amount_is_a_number

from .merge import not_merged_into_itself
from .organisation import Organisation
from .person import Person
from .source import Source


class LeadStage(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    GENERATION = "generation", _("Generation")
    NURTURING = "nurturing", _("Nurturing")
    QUALIFICATION = "qualification", _("Qualification")
    READY = "ready", _("Ready for sales")
    ACCEPTED = "accepted", _("Accepted")
    DISQUALIFIED = "disqualified", _("Disqualified")
    UNSUBSCRIBED = "unsubscribed", _("Unsubscribed")


OPEN_STAGES = (
    LeadStage.WAITING,
    LeadStage.GENERATION,
    LeadStage.NURTURING,
    LeadStage.QUALIFICATION,
    LeadStage.READY,
)
ENDED_STAGES = (LeadStage.DISQUALIFIED, LeadStage.UNSUBSCRIBED)


class LeadQuerySet(TeamVisible):
    def unmerged(self):
        """Those that stand for themselves: a lead that was merged into another has its place there."""
        return self.filter(merged_into=None)

    def open(self):
        return self.unmerged().filter(stage__in=OPEN_STAGES)

    def in_stage(self, stage):
        return self.unmerged().filter(stage=stage)

    def due(self, on):
        """Waiting leads whose date to contact again has come."""
        return self.unmerged().filter(stage=LeadStage.WAITING, contact_again_on__lte=on)

    def overdue(self, at):
        """Leads that sales has neither accepted nor handed back within the agreed hours."""
        return self.unmerged().filter(stage=LeadStage.READY, accept_by__lt=at)


class Lead(Card):
    """A prospect on its way to sales, and back again. Its stage changes only through `leads.domain._log`."""

    person = models.ForeignKey(Person, models.PROTECT, null=True, blank=True, related_name="leads")
    organisation = models.ForeignKey(Organisation, models.PROTECT, null=True, blank=True, related_name="leads")
    title = models.CharField(_("title"), max_length=200, blank=True)
    source = models.ForeignKey(Source, models.PROTECT, null=True, blank=True, related_name="leads")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="leads")
    team = models.ForeignKey(Team, models.PROTECT, null=True, blank=True, related_name="leads")
    stage = models.CharField(max_length=15, choices=LeadStage, default=LeadStage.GENERATION, editable=False)
    attempt = models.PositiveIntegerField(default=1, editable=False)
    contact_again_on = models.DateField(_("contact again on"), null=True, blank=True)
    accept_by = models.DateTimeField(_("accept by"), null=True, blank=True, editable=False)
    value = models.DecimalField(_("value"), max_digits=18, decimal_places=2, null=True, blank=True)
    score = models.PositiveSmallIntegerField(default=0, editable=False)
    score_week_ago = models.PositiveSmallIntegerField(default=0, editable=False)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="merged", editable=False
    )

    objects = LeadQuerySet.as_manager()

    class Meta(Card.Meta):
        ordering = ["rank", "id"]
        indexes = [
            *Card.Meta.indexes,
            models.Index(fields=["stage", "rank", "id"], name="lead_column"),
            models.Index(fields=["owner", "stage", "rank", "id"], name="lead_column_of_owner"),
            models.Index(fields=["contact_again_on"], name="lead_due", condition=Q(stage="waiting")),
            models.Index(fields=["accept_by"], name="lead_overdue", condition=Q(stage="ready")),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(stage="waiting") | Q(contact_again_on__isnull=False), name="lead_that_waits_has_a_date"
            ),
            models.CheckConstraint(
                condition=Q(accept_by__isnull=True) | Q(stage="ready"), name="lead_with_a_clock_waits_for_sales"
            ),
            models.CheckConstraint(condition=amount_is_a_number("value"), name="lead_value_is_a_number"),
            models.CheckConstraint(condition=Q(attempt__gte=1), name="lead_attempts_count_from_one"),
            not_merged_into_itself("lead"),
        ]

    def __str__(self):
        return self.name

    @property
    def stage_key(self):
        return self.stage

    @property
    def worth(self):
        return self.value

    @property
    def name(self) -> str:
        return str((self.person and str(self.person)) or self.organisation or self.title or f"#{self.pk}")

    @property
    def standing(self):
        """The lead itself, or the one that it was merged into."""
        return self.merged_into.standing if self.merged_into else self

    @property
    def is_open(self) -> bool:
        return self.stage in OPEN_STAGES and self.merged_into_id is None

    @property
    def score_trend(self) -> int:
        """By how many points the score has changed within seven days."""
        return self.score - self.score_week_ago

    @property
    def was_recycled(self) -> bool:
        return self.attempt > 1
