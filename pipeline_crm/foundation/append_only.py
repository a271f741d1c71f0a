"""The shape of a card and of its log: rows that are added, never changed.

Leads and deals each have a card table, an event table and an amendment table of these shapes.
The database refuses everything else: see `guards` in `append_only_sql`.
"""

from decimal import Decimal

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import NullIf
from django.utils.translation import gettext_lazy as _

LARGEST_AMOUNT = Decimal("9999999999999999.99")


class XidField(models.Field):
    """The transaction that wrote the row: the cursor for everyone who reads the log in order."""

    def db_type(self, connection):
        return "xid8"


class CurrentTransaction(Func):
    function = "pg_current_xact_id"
    output_field = XidField()


class Origin(models.TextChoices):
    USER = "user", _("by hand")
    IMPORT = "import", _("import")
    BULK = "bulk", _("several at once")
    RULE = "rule", _("rule")
    SCHEDULE = "schedule", _("schedule")
    API = "api", _("API")
    UNDO = "undo", _("undo")


def amount_is_a_number(field: str = "amount") -> Q:
    """Not negative and not NaN, which PostgreSQL sorts above every number."""
    return Q(**{f"{field}__isnull": True}) | Q(**{f"{field}__gte": 0, f"{field}__lte": LARGEST_AMOUNT})


class Card(models.Model):
    """What moves over a board. `stage`, `seq` and `stage_entered_at` are a projection of the log;
    only `stage_log` writes them. `version` counts every visible write; `touched`, which the database sets, is the
    transaction of the last one: what boards ask for that have not listened for a while (see `catching_up`)."""

    seq = models.PositiveIntegerField(default=1, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    rank = models.CharField(max_length=64, default="V", db_collation="C", editable=False)
    stage_entered_at = models.DateTimeField(editable=False)
    currency = models.CharField(max_length=3, default="EUR")
    tags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    created_at = models.DateTimeField(editable=False)
    touched = XidField(db_default=CurrentTransaction(), editable=False)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["touched"], name="%(class)s_touched")]

    @property
    def stage_key(self):
        """The stage as the log stores it."""
        raise NotImplementedError

    @property
    def worth(self):
        """The amount that a step notes."""
        raise NotImplementedError

    def age_days(self, at) -> int:
        """Whole days since the card entered its stage."""
        return max(0, (at - self.stage_entered_at).days)


class StageEvent(models.Model):
    """One step of a card: the row that makes it true."""

    seq = models.PositiveIntegerField()
    prev_seq = models.GeneratedField(
        expression=NullIf(F("seq") - 1, 0), output_field=models.IntegerField(null=True), db_persist=True
    )
    occurred_at = models.DateTimeField()
    is_exact = models.BooleanField(default=True)
    recorded_at = models.DateTimeField()
    prev_recorded_at = models.DateTimeField(null=True)
    amount = models.DecimalField(max_digits=18, decimal_places=2, null=True)
    currency = models.CharField(max_length=3)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    source = models.CharField(max_length=10, choices=Origin, default=Origin.USER)
    move_id = models.UUIDField(null=True, unique=True)
    xid = XidField(db_default=CurrentTransaction(), editable=False)

    class Meta:
        abstract = True
        ordering = ["card", "seq"]
        constraints = [
            models.UniqueConstraint(fields=["card", "seq"], name="%(class)s_step_is_written_once"),
            models.UniqueConstraint(
                fields=["card", "seq", "to_stage", "recorded_at"], name="%(class)s_can_be_a_predecessor"
            ),
            models.UniqueConstraint(fields=["card", "seq", "to_stage"], name="%(class)s_can_be_the_newest"),
            models.CheckConstraint(
                condition=Q(seq=1, from_stage__isnull=True, prev_recorded_at__isnull=True)
                | Q(seq__gt=1, from_stage__isnull=False, prev_recorded_at__isnull=False),
                name="%(class)s_is_first_if_and_only_if_no_past",
            ),
            models.CheckConstraint(
                condition=Q(from_stage__isnull=True) | ~Q(from_stage=F("to_stage")), name="%(class)s_changes_the_stage"
            ),
            models.CheckConstraint(
                condition=Q(prev_recorded_at__isnull=True) | Q(recorded_at__gte=F("prev_recorded_at")),
                name="%(class)s_is_recorded_after_its_predecessor",
            ),
            models.CheckConstraint(
                condition=Q(occurred_at__lte=F("recorded_at")), name="%(class)s_happened_before_it_was_recorded"
            ),
            models.CheckConstraint(condition=amount_is_a_number(), name="%(class)s_amount_is_a_number"),
        ]

    @property
    def from_key(self):
        raise NotImplementedError

    @property
    def to_key(self):
        raise NotImplementedError


class AmendmentKind(models.TextChoices):
    VOID = "void", _("voided")
    REDATE = "redate", _("re-dated")


class StageAmendment(models.Model):
    """A later word about a step: it never happened, or it happened on another day."""

    seq = models.PositiveIntegerField()
    kind = models.CharField(max_length=6, choices=AmendmentKind)
    occurred_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    xid = XidField(db_default=CurrentTransaction(), editable=False)

    class Meta:
        abstract = True
        ordering = ["card", "id"]
        indexes = [models.Index(fields=["card", "seq"], name="%(class)s_step")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="void", occurred_at__isnull=True) | Q(kind="redate", occurred_at__isnull=False),
                name="%(class)s_has_a_date_if_and_only_if_redated",
            ),
            models.CheckConstraint(condition=~Q(reason=""), name="%(class)s_has_a_reason"),
            models.CheckConstraint(
                condition=Q(occurred_at__isnull=True) | Q(occurred_at__lte=F("recorded_at")),
                name="%(class)s_date_is_not_in_the_future",
            ),
        ]


class FieldChange(models.Model):
    """One field of a card before and after: amount, owner, expected close and their like."""

    field = models.CharField(max_length=40)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    recorded_at = models.DateTimeField()
    source = models.CharField(max_length=10, choices=Origin, default=Origin.USER)
    xid = XidField(db_default=CurrentTransaction(), editable=False)

    class Meta:
        abstract = True
        ordering = ["id"]
