from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

ENOUGH_PASSAGES = 20


class PipelineQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(archived_at=None) if user.is_active else self.none()


class Pipeline(models.Model):
    """A way to an order: open stages in order, one won stage, one lost stage."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    is_default = models.BooleanField(default=False)
    time_zone = models.CharField(_("time zone"), max_length=60, default="Europe/Berlin")
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = PipelineQuerySet.as_manager()

    class Meta:
        ordering = ["-is_default", "name"]
        constraints = [
            models.UniqueConstraint(fields=["is_default"], condition=Q(is_default=True), name="pipeline_default_is_one")
        ]

    def __str__(self):
        return self.name

    @property
    def won_stage(self):
        return self.stages.get(kind=StageKind.WON)

    @property
    def lost_stage(self):
        return self.stages.get(kind=StageKind.LOST)

    @property
    def first_stage(self):
        return self.stages.open().first()


class StageKind(models.TextChoices):
    OPEN = "open", _("Open")
    WON = "won", _("Won")
    LOST = "lost", _("Lost")


class StageQuerySet(models.QuerySet):
    def open(self):
        return self.filter(kind=StageKind.OPEN, retired_at=None)

    def in_use(self):
        return self.filter(retired_at=None)


class Stage(models.Model):
    """A column of the board. Its kind is the deal's whole state: no second column can disagree with it."""

    pipeline = models.ForeignKey(Pipeline, models.PROTECT, related_name="stages")
    name = models.CharField(_("name"), max_length=60)
    kind = models.CharField(max_length=4, choices=StageKind, default=StageKind.OPEN)
    position = models.PositiveSmallIntegerField()
    limit = models.PositiveSmallIntegerField(_("limit"), null=True, blank=True)
    fixed_chance = models.DecimalField(_("fixed chance"), max_digits=4, decimal_places=3, null=True, blank=True)
    required_fields = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    next_stages = models.ManyToManyField("self", symmetrical=False, related_name="previous_stages", blank=True)
    retired_at = models.DateTimeField(null=True, blank=True)
    successor = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="+")

    objects = StageQuerySet.as_manager()

    class Meta:
        ordering = ["pipeline", "position", "id"]
        constraints = [
            models.UniqueConstraint(fields=["pipeline"], condition=Q(kind="won"), name="stage_won_is_one_per_pipeline"),
            models.UniqueConstraint(
                fields=["pipeline"], condition=Q(kind="lost"), name="stage_lost_is_one_per_pipeline"
            ),
            models.UniqueConstraint(fields=["id", "pipeline"], name="stage_belongs_to_its_pipeline"),
            models.UniqueConstraint(fields=["id", "kind"], name="stage_has_its_kind"),
            models.UniqueConstraint(
                "pipeline", models.functions.Lower("name"), condition=Q(retired_at=None), name="stage_name_is_used_once"
            ),
            models.CheckConstraint(
                condition=Q(fixed_chance__isnull=True) | Q(fixed_chance__gte=0, fixed_chance__lte=1),
                name="stage_chance_is_between_none_and_all",
            ),
            models.CheckConstraint(
                condition=Q(retired_at__isnull=True) | Q(kind="open", successor__isnull=False),
                name="stage_that_retires_is_open_and_names_a_successor",
            ),
        ]

    def __str__(self):
        return self.name

    @property
    def is_open(self) -> bool:
        return self.kind == StageKind.OPEN

    @property
    def next_ids(self) -> list[int]:
        """The stages a deal may go on to from here, in their order; none named means anywhere. Lost is always open."""
        return [stage.pk for stage in self.next_stages.all()]

    @property
    def chance(self) -> float | None:
        """The chance that a deal here is won: measured where enough have passed, else the fixed one, else unknown."""
        if self.kind == StageKind.WON:
            return 1.0
        if self.kind == StageKind.LOST:
            return 0.0
        if self.chance_is_measured:
            return self.norm.chance
        return None if self.fixed_chance is None else float(self.fixed_chance)

    @property
    def chance_is_measured(self) -> bool:
        """Whether the chance of an open stage comes from what happened; if not, it is the fixed baseline."""
        norm = getattr(self, "norm", None)
        return bool(self.is_open and norm and norm.n >= ENOUGH_PASSAGES and norm.chance is not None)


class StageNorm(models.Model):
    """What analytics learned of a stage: how long deals stay, open ones counted as waiting, and how many are won."""

    stage = models.OneToOneField(Stage, models.CASCADE, related_name="norm")
    n = models.PositiveIntegerField()
    median_days = models.FloatField(null=True)
    p85_days = models.FloatField(null=True)
    chance = models.FloatField(null=True)
    as_of = models.DateTimeField()
