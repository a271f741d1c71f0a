"""The shape of a pipeline: its stages, their order, and what becomes of those that retire."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pipeline_crm.foundation import ranks
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal

from ..models import Deal, Pipeline, Stage, StageKind
from . import _log
from .admitting import label_of, missing_fields

DEFAULT_STAGES = ("Inquiry", "Hearing", "Proposal", "Estimate")
SOME = 5


class NameTaken(Refusal):
    """Two things of one name cannot be told apart."""

    status = 422


class StageStays(Refusal):
    """A pipeline keeps one open stage, its won stage and its lost stage."""

    status = 422


class DealsLackFields(Refusal):
    """The successor of a stage asks for what some of its deals do not have."""

    status = 422


@transaction.atomic
def create_pipeline(
    name: str,
    *,
    by,
    stages: Sequence[str] = DEFAULT_STAGES,
    won: str = "",
    lost: str = "",
    is_default: bool = False,
    time_zone: str = "Europe/Berlin",
) -> Pipeline:
    """Create a pipeline with its open stages in order, one won and one lost stage."""
    if Pipeline.objects.filter(name__iexact=name.strip()).exists():
        raise NameTaken(_("There is a pipeline %(name)s already.") % {"name": name}, fields=["name"])
    pipeline = Pipeline.objects.create(name=name.strip(), is_default=is_default, time_zone=time_zone)
    kinds = [(stage, StageKind.OPEN) for stage in stages]
    kinds += [(won or _("Order"), StageKind.WON), (lost or _("Lost"), StageKind.LOST)]
    Stage.objects.bulk_create(
        Stage(pipeline=pipeline, name=stage, kind=kind, position=position)
        for position, (stage, kind) in enumerate(kinds, 1)
    )
    return pipeline


@transaction.atomic
def add_stage(pipeline: Pipeline, name: str, *, by, position: int | None = None) -> Stage:
    """Add an open stage, before the won stage unless a position is given."""
    _hold(pipeline)
    _name_is_free(pipeline, name)
    last = pipeline.stages.open().aggregate(last=Max("position"))["last"] or 0
    position = position or last + 1
    pipeline.stages.filter(position__gte=position).update(position=F("position") + 1)
    return Stage.objects.create(pipeline=pipeline, name=name.strip(), position=position)


@transaction.atomic
def rename_stage(stage: Stage, name: str, *, by) -> Stage:
    """Give a stage another name; its history keeps pointing to it."""
    _hold(stage.pipeline)
    _name_is_free(stage.pipeline, name, besides=stage)
    stage.name = name.strip()
    stage.save(update_fields=["name"])
    return stage


@transaction.atomic
def reorder_stages(pipeline: Pipeline, stages: Sequence[Stage], *, by) -> None:
    """Put the open stages into this order; won and lost stay at the end."""
    _hold(pipeline)
    known = {stage.pk for stage in pipeline.stages.open()}
    if {stage.pk for stage in stages} != known:
        raise StageStays(_("Name each open stage once; somebody may have changed them meanwhile."))
    ends = list(pipeline.stages.exclude(kind=StageKind.OPEN).order_by("-kind"))
    for position, stage in enumerate([*stages, *ends], 1):
        stage.position = position
    Stage.objects.bulk_update([*stages, *ends], ["position"])


@transaction.atomic
def set_rules(
    stage: Stage,
    *,
    by,
    limit: int | None = None,
    fixed_chance=None,
    required_fields: Sequence[str] = (),
    next_stages: Sequence[Stage] = (),
) -> Stage:
    """Set the limit that warns, the named baseline chance, the fields a deal must have to enter, and the stages it may
    go on to (none named: anywhere; Lost always). Refused: next stages that are not others in use of the pipeline, and
    any for a stage in which deals end.
    """
    _hold(stage.pipeline)
    there = set(stage.pipeline.stages.in_use().exclude(pk=stage.pk).values_list("pk", flat=True))
    if not {other.pk for other in next_stages} <= (there if stage.is_open else set()):
        raise StageStays(_("From an open stage a deal goes on to other stages of the same pipeline."))
    stage.limit, stage.fixed_chance, stage.required_fields = limit, fixed_chance, list(required_fields)
    stage.save(update_fields=["limit", "fixed_chance", "required_fields"])
    stage.next_stages.set(next_stages)
    return stage


@transaction.atomic
def set_kind(stage: Stage, kind: str, *, by) -> Stage:
    """Make another open stage the won or the lost one, as long as neither it nor the present one has a history."""
    _hold(stage.pipeline)
    held = stage.pipeline.stages.select_for_update(no_key=True).order_by("pk")
    present = next((other for other in held if other.kind == kind and other.pk != stage.pk), None)
    if not stage.is_open or stage.retired_at or stage.pipeline.stages.open().count() < 2:
        raise StageStays(_("Only an open stage can take this place, and one open stage has to stay."))
    if kind == StageKind.OPEN or _has_history(stage) or (present and _has_history(present)):
        raise StageStays(
            _("Deals have passed through these stages, so what they mean stays. Rename one, or add a pipeline.")
        )
    if present:
        present.kind = StageKind.OPEN
        present.save(update_fields=["kind"])
    stage.kind = kind
    stage.save(update_fields=["kind"])
    return stage


@transaction.atomic
def retire_stage(stage: Stage, *, successor: Stage, by, at) -> int:
    """Retire an open stage: its deals move to the successor, as steps of their own; answers how many.

    Whoever enters the stage at the same moment is taken along or is refused there. Stages that led to it lead to its
    successor. Refused: a successor that asks for fields which some of the deals do not have (DealsLackFields).
    """
    _hold(stage.pipeline)
    stage.refresh_from_db()
    successor.refresh_from_db()
    if not stage.is_open or stage.retired_at:
        raise StageStays(_("Only open stages retire; Order and Lost stay."))
    if successor.pk == stage.pk or not successor.is_open or successor.retired_at:
        raise StageStays(_("Name another open stage for the deals of %(name)s.") % {"name": stage.name})
    if successor.pipeline_id != stage.pipeline_id:
        raise StageStays(_("The successor is a stage of the same pipeline."))
    deals = _all_in(stage)
    _each_has_what(successor, deals)
    lowest = Deal.objects.in_stage(successor).aggregate(last=Max("rank"))["last"]
    for deal, rank in zip(deals, ranks.many(len(deals), before=lowest), strict=True):
        deal.rank = rank
        _log.append(deal, to=successor, at=max(at, deal.stage_entered_at), by=by, source=Origin.BULK)
    _lead_around(stage, successor)
    stage.retired_at, stage.successor = at, successor
    stage.save(update_fields=["retired_at", "successor"])
    return len(deals)


def _all_in(stage: Stage) -> list[Deal]:
    """The deals of the stage in their order, held, and the stage closed to others until the transaction ends.

    First those that are there, as whoever moves deals holds them before the stage; then those that came meanwhile.
    """
    inside = Deal.objects.in_stage(stage).select_for_update(of=("self",)).order_by("pk")
    list(inside.all())
    Stage.objects.select_for_update(no_key=True).get(pk=stage.pk)
    return sorted(inside.all(), key=lambda deal: (deal.rank, deal.pk))


def _each_has_what(successor: Stage, deals: Sequence[Deal]) -> None:
    lacking = {deal: missing for deal in deals if (missing := missing_fields(deal, successor))}
    if lacking:
        fields = [name for name in successor.required_fields if any(name in missing for missing in lacking.values())]
        names = ", ".join(deal.name for deal in list(lacking)[:SOME]) + (", …" if len(lacking) > SOME else "")
        raise DealsLackFields(
            ngettext(
                "%(stage)s needs: %(fields)s. %(n)s deal lacks it: %(names)s. Complete it, or change what is needed.",
                "%(stage)s needs: %(fields)s. %(n)s deals lack it: %(names)s. Complete them, or change what is needed.",
                len(lacking),
            )
            % {
                "stage": successor.name,
                "fields": ", ".join(map(label_of, fields)),
                "n": len(lacking),
                "names": names,
            },
            fields=fields,
        )


def _lead_around(stage: Stage, successor: Stage) -> None:
    """What led to the stage leads to its successor; the successor itself leads where the stage led."""
    for other in list(stage.previous_stages.all()):
        further = [successor] if other.pk != successor.pk else list(stage.next_stages.exclude(pk=successor.pk))
        other.next_stages.remove(stage)
        other.next_stages.add(*further)
    stage.next_stages.clear()


def _hold(pipeline: Pipeline) -> None:
    """One person shapes a pipeline at a time; its deals go on moving."""
    Pipeline.objects.select_for_update(no_key=True).get(pk=pipeline.pk)


def _has_history(stage: Stage) -> bool:
    return stage.deals.exists() or Deal.objects.filter(events__to_stage=stage).exists()


def _name_is_free(pipeline: Pipeline, name: str, *, besides: Stage | None = None) -> None:
    same = pipeline.stages.in_use().filter(name__iexact=name.strip())
    if not name.strip() or same.exclude(pk=besides and besides.pk).exists():
        raise NameTaken(_("%(pipeline)s needs another name for this stage.") % {"pipeline": pipeline}, fields=["name"])
