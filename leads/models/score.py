from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .lead import Lead
from .touch import TouchKind

HIGHEST = 100


class ScoreFact(models.TextChoices):
    """What points are given for."""

    SECTOR = "sector", _("Sector")
    COUNTRY = "country", _("Country")
    SIZE = "size", _("Employees")
    ROLE = "role", _("Role")
    SOURCE = "source", _("Source")
    TOUCH = "touch", _("Touch")


class ScoreRule(models.Model):
    """Points for a fact, or for each touch of a kind, which fade by half every `half_life_days`.

    Written by `domain.scoring`. `words` are alternatives, divided by commas: the sector, country or source is one of
    them, the role or what the touch was about contains one. `most` limits what all touches of the rule give together.
    """

    about = models.CharField(_("for"), max_length=8, choices=ScoreFact)
    words = models.CharField(_("words"), max_length=200, blank=True)
    at_least = models.PositiveIntegerField(_("from"), null=True, blank=True)
    at_most = models.PositiveIntegerField(_("to"), null=True, blank=True)
    touch_kind = models.CharField(_("touch"), max_length=8, choices=TouchKind, blank=True)
    points = models.SmallIntegerField(_("points"))
    half_life_days = models.PositiveSmallIntegerField(_("half of it fades within days"), null=True, blank=True)
    most = models.PositiveSmallIntegerField(_("at most, all together"), null=True, blank=True)

    class Meta:
        ordering = ["about", "-points", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(points__range=(-HIGHEST, HIGHEST)) & ~Q(points=0), name="score_rule_gives_or_takes_points"
            ),
            models.CheckConstraint(
                condition=Q(~Q(touch_kind=""), about="touch", half_life_days__isnull=False, half_life_days__gte=1)
                | Q(~Q(about="touch"), touch_kind="", half_life_days__isnull=True, most__isnull=True),
                name="score_rule_fades_if_and_only_if_it_is_for_touches",
            ),
            models.CheckConstraint(
                condition=~Q(about="size") | Q(at_least__isnull=False) | Q(at_most__isnull=False),
                name="score_rule_for_size_has_a_bound",
            ),
            models.CheckConstraint(
                condition=Q(about__in=["size", "touch"]) | ~Q(words=""), name="score_rule_for_words_has_some"
            ),
        ]

    def __str__(self):
        return f"{self.points:+d} {self.get_about_display()}"


class ScoreDay(models.Model):
    """What a lead's score was at the end of a day on which it changed, and what it was made of."""

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="score_days")
    on = models.DateField()
    score = models.PositiveSmallIntegerField()
    fit = models.SmallIntegerField()
    engagement = models.SmallIntegerField()

    class Meta:
        ordering = ["lead", "on"]
        constraints = [models.UniqueConstraint(fields=["lead", "on"], name="score_is_kept_once_a_day")]


class LeadChance(models.Model):
    """What analytics learned of an open lead: the chance that it becomes a deal, with its interval."""

    lead = models.OneToOneField(Lead, models.CASCADE, related_name="chance")
    chance = models.FloatField()
    low = models.FloatField()
    high = models.FloatField()


class ChanceNorm(models.Model):
    """From what the chances were learned, or why there are none yet. One row, written by `domain.norming`.

    n: leads whose outcome is known, of which `events` became deals within `horizon_days`; `skill`: by which share the
    chances were nearer to what came than the average was, on the newest leads, which they had not seen.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    is_enough = models.BooleanField()
    n = models.PositiveIntegerField()
    events = models.PositiveIntegerField()
    needed = models.PositiveIntegerField()
    horizon_days = models.PositiveSmallIntegerField()
    skill = models.FloatField(null=True)
    as_of = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="chance_norm_is_the_only_one")]
