"""Two records that are one: the other stays as a row that points to the one that is kept. See decision 9.

What points to the other record points to the kept one from then on, whichever table it is in; `STAYS` names what does
not, because reports count it where it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models import F, Q
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from pipeline_crm.foundation import live, stage_log
from pipeline_crm.foundation.append_only import Card, Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.revision import plain

from ..models import Enrolment, Lead, LeadEvent, LeadStage, Merge, MergeKind, Organisation, Person
from . import _log, revising
from .contacting import sequencing

UNDONE_WITHIN = timedelta(days=30)
MODELS: dict[str, type[models.Model]] = {
    MergeKind.PERSON: Person,
    MergeKind.ORGANISATION: Organisation,
    MergeKind.LEAD: Lead,
}
# Whose value stays is chosen for each of these.
FIELDS: dict[str, tuple[str, ...]] = {
    MergeKind.PERSON: ("name", "email", "phone", "role", "organisation", "time_zone"),
    MergeKind.ORGANISATION: ("name", "domain", "sector", "employees", "country"),
    MergeKind.LEAD: ("title", "value", "person", "organisation", "owner", "team"),
}
GO_ALONG = {"phone": ("phone_e164",), "value": ("currency",)}
NEVER_BY_ITSELF = {"owner", "team"}  # reports are cut by them: they change only when somebody says so
# What a lead has in its own story, what reports count by the lead it happened to, and words that are never changed.
STAYS = {
    "leads.leadevent.card",
    "leads.leadamendment.card",
    "leads.leadchange.lead",
    "leads.recycling.lead",
    "leads.consent.person",
    "leads.capture.lead",
    "leads.scoreday.lead",
    "leads.leadchance.lead",
    "leads.segmententry.lead",
    "leads.mailingline.lead",
    "leads.handover.lead",
    "leads.touch.lead",
    "leads.likeness.lead",
    "leads.likeness.like",
}

Record = Person | Organisation | Lead


class CannotBeMerged(Refusal):
    """These two do not become one."""


class CannotBeUndone(Refusal):
    """What was merged stays merged."""


@dataclass(frozen=True)
class Choice:
    """A field of both records, and whose value is proposed: "keep" or "other"."""

    name: str
    label: str
    keep: Any
    other: Any
    proposed: str

    @property
    def differs(self) -> bool:
        return bool(self.keep != self.other)


@dataclass(frozen=True)
class Preview:
    """What merging would do: every field with both values, what moves to the kept record, and what stays."""

    kind: str
    keep: Any
    other: Any
    choices: list[Choice]
    moves: list[tuple[str, int]]
    stays: list[tuple[str, int]]


def preview(kind: str, keep: Record, other: Record) -> Preview:
    """Every field and every relation. Refused as merging itself is."""
    _may_be_one(kind, keep, other)
    counted = [(key, name, model.objects.filter(**{field: other}).count()) for key, name, model, field in _named(kind)]
    return Preview(
        kind=kind,
        keep=keep,
        other=other,
        choices=_choices(kind, keep, other),
        moves=[(name, n) for key, name, n in counted if n and key not in STAYS],
        stays=[(name, n) for key, name, n in counted if n and key in STAYS],
    )


@transaction.atomic
def people(keep: Person, other: Person, *, choices: Mapping[str, str] | None = None, by, at: datetime) -> Merge:
    """Make two records of a person one. `choices` says "keep" or "other" for fields; else what is empty is filled in.

    Refused: somebody with themselves, or who was merged or erased (CannotBeMerged).
    """
    hold_cards(Q(person__in=[keep, other]))
    _hold(keep, other)
    return _merge(MergeKind.PERSON, keep, other, choices, by=by, at=at)


@transaction.atomic
def organisations(
    keep: Organisation, other: Organisation, *, choices: Mapping[str, str] | None = None, by, at: datetime
) -> Merge:
    """Make two records of an organisation one; their people and cards belong to the one that is kept."""
    _hold(keep, other)
    return _merge(MergeKind.ORGANISATION, keep, other, choices, by=by, at=at)


@transaction.atomic
def leads(keep: Lead, other: Lead, *, choices: Mapping[str, str] | None = None, by, at: datetime) -> Merge:
    """Make two leads one: the other leaves the boards; its log stays, and with it what reports count.

    Refused besides: a lead that sales ever had, as the other (CannotBeMerged). Of two cadences that of the kept lead
    goes on.
    """
    hold_cards(Q(pk__in=[keep.pk, other.pk]))
    for lead in sorted((keep, other), key=lambda one: one.pk):
        _log.lock(lead)
    _may_be_one(MergeKind.LEAD, keep, other)
    running = other.enrolments.active().first()
    if running and keep.enrolments.active().exists():
        sequencing.stop(running, by=by, at=at)
    return _merge(MergeKind.LEAD, keep, other, choices, by=by, at=at)


@transaction.atomic
def join(one: Lead, another: Lead, *, by, at: datetime) -> Lead:
    """Make two leads and their people one, and answer the lead that stays: the one sales had, else the older one.

    Refused as `leads` is.
    """
    keep, other = which_stays(one, another)
    hold_cards(Q(pk__in=[one.pk, another.pk]) | Q(person__in=[lead.person for lead in (one, another) if lead.person]))
    if keep.person and other.person and keep.person.standing != other.person.standing:
        people(keep.person.standing, other.person.standing, by=by, at=at)
    leads(keep, other, by=by, at=at)
    return keep


def hold_cards(which: Q) -> None:
    """Lock those leads and before them their cadences, as whoever takes a step or files an answer does; then come
    people. So nobody waits for another crosswise."""
    leads = Lead.objects.filter(which).values_list("pk", flat=True)
    active = Enrolment.objects.active().filter(lead__in=list(leads)).order_by("pk")
    list(active.select_for_update(of=("self",)).values_list("pk", flat=True))
    list(Lead.objects.filter(which).order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))


def which_stays(one: Lead, another: Lead) -> tuple[Lead, Lead]:
    """(the lead that can be kept, the one merged into it)."""
    older, newer = sorted((one, another), key=lambda lead: lead.pk)
    return (newer, older) if was_with_sales(newer) and not was_with_sales(older) else (older, newer)


def was_with_sales(lead: Lead) -> bool:
    """Whether sales ever had the lead; deals, recyclings and attempts hang on it then."""
    return LeadEvent.objects.filter(card=lead, to_stage=LeadStage.ACCEPTED).exists()


@transaction.atomic
def undo(merge: Merge, *, by, at: datetime) -> Merge:
    """Take the merge back, within thirty days: what moved with it points to the other record again.

    Fields that were set anew get their former values, unless somebody has changed them since. Refused
    (CannotBeUndone): too late, undone already, the kept record merged on, or one of the two erased.
    """
    merge.refresh_from_db(from_queryset=Merge.objects.select_for_update())
    model: Any = MODELS[merge.kind]
    keep, other = model.objects.get(pk=merge.keep), model.objects.get(pk=merge.other)
    for record in sorted((keep, other), key=lambda one: one.pk):
        _lock(record)
    _may_be_undone(merge, keep, other, at)
    for key, ids in merge.moved.items():
        related, field = _relation(merge.kind, key)
        _point(related, field, related._base_manager.filter(pk__in=ids, **{field.name: keep}), to=other)
    _set(keep, _former(keep, _handed_on(merge)), by=by, at=at)
    other.merged_into = None
    _save(other, "merged_into")
    merge.undone_by, merge.undone_at = by, at
    merge.save(update_fields=["undone_by", "undone_at"])
    show_anew(keep, other)
    return merge


def may_be_undone(merge: Merge, at: datetime) -> bool:
    """Whether there is still time to undo it."""
    return merge.undone_at is None and at - merge.at <= UNDONE_WITHIN


def show_anew(*records: Any) -> None:
    """Cards that name these records look different now: boards and panels hear of it."""
    for record in records:
        if isinstance(record, Lead):
            continue
        kind = MergeKind(record._meta.model_name)
        for _one, _name, model, field in _named(kind):
            if issubclass(model, Card):
                _nudge(model, model._base_manager.filter(**{field: record}))


def discrepancies() -> Iterator[str]:
    """Sentences about merges and pointers that do not agree; none when all is well. Repairs nothing."""
    for kind, model in MODELS.items():
        rows = {row.pk: row for row in model._default_manager.exclude(merged_into=None)}
        told = {merge.other: merge for merge in Merge.objects.standing().filter(kind=kind)}
        for pk in sorted(rows.keys() ^ told.keys()):
            yield f"{kind} {pk}: merged, but {'no merge says so' if pk in rows else 'it does not point anywhere'}"
        for pk in sorted(rows.keys() & told.keys()):
            end = model._default_manager.get(pk=told[pk].keep)
            if rows[pk].standing != end.standing:  # type: ignore[attr-defined]
                yield f"{kind} {pk}: points to {rows[pk].merged_into_id}, but was merged into {told[pk].keep}"  # type: ignore[attr-defined]
    with_sales = LeadEvent.objects.filter(card__merged_into__isnull=False, to_stage=LeadStage.ACCEPTED)
    for pk in sorted(set(with_sales.values_list("card", flat=True))):
        yield f"lead {pk}: sales had it, and it is merged into another"


def _merge(kind: str, keep: Any, other: Any, choices: Mapping[str, str] | None, *, by, at: datetime) -> Merge:
    _may_be_one(kind, keep, other)
    values = _chosen(kind, keep, other, choices or {})
    took = {name: [_plain(keep, name), _plain_value(value)] for name, value in values.items()}
    _set(keep, values, by=by, at=at)
    moved = {}
    for key, _name, model, field in _named(kind):
        if key in STAYS:
            continue
        ids = _point(model, model._meta.get_field(field), model._base_manager.filter(**{field: other}), to=keep)
        if ids:
            moved[key] = ids
    other.merged_into = keep
    _save(other, "merged_into")
    merge = Merge.objects.create(kind=kind, keep=keep.pk, other=other.pk, took=took, moved=moved, by=by, at=at)
    show_anew(keep, other)
    return merge


def _may_be_one(kind: str, keep: Any, other: Any) -> None:
    if keep.pk == other.pk:
        raise CannotBeMerged(_("Choose another record: this is the same one."))
    for record in (keep, other):
        if record.merged_into_id:
            raise CannotBeMerged(_("%(name)s has been merged already.") % {"name": record})
        if getattr(record, "erased_at", None):
            raise CannotBeMerged(_("Who was erased is not merged with anybody."))
    if kind == MergeKind.LEAD and was_with_sales(other):
        if was_with_sales(keep):
            raise CannotBeMerged(
                _("Sales had both leads, so they are two stories of one prospect. Merge their people instead."),
                card=keep,
            )
        raise CannotBeMerged(
            _("Sales had %(name)s, so it is the one to keep. Merge the other one into it.") % {"name": other}, card=keep
        )


def _may_be_undone(merge: Merge, keep: Any, other: Any, at: datetime) -> None:
    if merge.undone_at:
        raise CannotBeUndone(_("That has been undone already."))
    if not may_be_undone(merge, at):
        raise CannotBeUndone(_("After thirty days a merge stays."))
    if keep.merged_into_id:
        raise CannotBeUndone(_("%(name)s has been merged into another record since. Undo that first.") % {"name": keep})
    if getattr(keep, "erased_at", None) or getattr(other, "erased_at", None):
        raise CannotBeUndone(_("This person has been erased."))


def _choices(kind: str, keep: Any, other: Any) -> list[Choice]:
    choices = []
    for name in FIELDS[kind]:
        ours, theirs = getattr(keep, name), getattr(other, name)
        fills_in = ours in (None, "") and theirs not in (None, "") and name not in NEVER_BY_ITSELF
        label = capfirst(str(keep._meta.get_field(name).verbose_name))
        choices.append(Choice(name, label, ours, theirs, "other" if fills_in else "keep"))
    return choices


def _chosen(kind: str, keep: Any, other: Any, choices: Mapping[str, str]) -> dict[str, Any]:
    """The values that the kept record takes from the other, and both of their tags."""
    unknown = set(choices) - set(FIELDS[kind])
    if unknown:
        raise TypeError(f"Nothing is chosen for {', '.join(sorted(unknown))}")
    values: dict[str, Any] = {}
    for choice in _choices(kind, keep, other):
        if choices.get(choice.name, choice.proposed) == "other" and choice.differs:
            for name in (choice.name, *GO_ALONG.get(choice.name, ())):
                values[name] = getattr(other, name)
    if kind == MergeKind.LEAD and (new := [tag for tag in other.tags if tag not in keep.tags]):
        values["tags"] = [*keep.tags, *new]
    return values


def _handed_on(merge: Merge) -> dict[str, list]:
    """What the merge set and no later one into the same record has set since; of the others the later merge is told
    what it is to bring back, so that in whatever order they are undone, the first value returns."""
    took = dict(merge.took)
    for later in Merge.objects.standing().filter(kind=merge.kind, keep=merge.keep, pk__gt=merge.pk).order_by("pk"):
        common = [name for name in took if name in later.took]
        for name in common:
            before, after = took.pop(name)
            if later.took[name][0] == after:
                later.took[name][0] = before
        if common:
            later.save(update_fields=["took"])
    return took


def _former(keep: Any, took: Mapping[str, list]) -> dict[str, Any]:
    """What the fields held before the merge, of those that still hold what it set."""
    values: dict[str, Any] = {}
    for name, (before, after) in took.items():
        if _plain(keep, name) != after:
            continue
        field = keep._meta.get_field(name)
        values[name] = (
            field.related_model._base_manager.filter(pk=before).first()
            if field.is_relation
            else field.to_python(before)
        )
    return values


def _set(record: Any, values: dict[str, Any], *, by, at: datetime) -> None:
    if isinstance(record, Lead):
        revising.revise(record, by=by, at=at, via=Origin.RULE, **values)
    elif values:
        for name, value in values.items():
            setattr(record, name, value)
        _save(record, *values)


def _save(record: Any, *fields: str) -> None:
    if isinstance(record, Lead):
        stage_log.touch(record, *fields)
    else:
        record.save(update_fields=list(fields))


def _plain(record: Any, name: str) -> Any:
    return plain(getattr(record, record._meta.get_field(name).attname))


def _plain_value(value: Any) -> Any:
    return value.pk if isinstance(value, models.Model) else plain(value)


def _hold(*records: Any) -> None:
    for record in sorted(records, key=lambda one: one.pk):
        _lock(record)


def _lock(record: Any) -> None:
    record.refresh_from_db(from_queryset=type(record)._base_manager.select_for_update(of=("self",)))


def _named(kind: str) -> Iterator[tuple[str, str, Any, str]]:
    """(key, name in words, model, field) of everything that points to a record of this kind."""
    for relation in MODELS[kind]._meta.get_fields(include_hidden=True):
        if relation.auto_created and not relation.concrete and (relation.one_to_many or relation.one_to_one):
            model: Any = relation.related_model
            field = relation.field  # type: ignore[union-attr]
            yield _key(model, field), capfirst(str(model._meta.verbose_name_plural)), model, field.name


def _key(model: Any, field: Any) -> str:
    return f"{model._meta.label_lower}.{field.name}"


def _relation(kind: str, key: str) -> tuple[Any, Any]:
    return next((model, model._meta.get_field(field)) for one, _name, model, field in _named(kind) if one == key)


def _point(model: Any, field: Any, rows: Any, *, to: Any) -> list[int]:
    """Let the rows point to that record; which did. A row that it may have only one of stays where it is."""
    ids = list(rows.order_by("pk").values_list("pk", flat=True))
    if not _is_alone(model, field):
        model._base_manager.filter(pk__in=ids).update(**{field.name: to})
        return ids
    moved = []
    for pk in ids:
        try:
            with transaction.atomic():
                model._base_manager.filter(pk=pk).update(**{field.name: to})
        except IntegrityError:
            continue
        moved.append(pk)
    return moved


def _is_alone(model: Any, field: Any) -> bool:
    """Whether a record may have only one such row, in some respect."""
    unique = [constraint for constraint in model._meta.constraints if isinstance(constraint, models.UniqueConstraint)]
    return field.unique or any(field.name in constraint.fields for constraint in unique)


def _nudge(model: Any, cards: Any) -> None:
    ids = list(cards.values_list("pk", flat=True))
    model._base_manager.filter(pk__in=ids).update(version=F("version") + 1)
    told: Iterable[Any] = model._base_manager.filter(pk__in=ids).values_list("pk", "version", "team", "owner")
    kind = str(model._meta.model_name)
    live.nudge_many([(kind, pk, version, [team], [owner]) for pk, version, team, owner in told])
