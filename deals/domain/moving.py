"""Moving a deal over the board."""

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.placing import rank_between

from ..models import Deal, Stage, StageKind
from . import _log


class DealMovedMeanwhile(Refusal):
    """The deal has changed since the browser last saw it."""


class StageOfAnotherPipeline(Refusal):
    """A deal stays in its pipeline, and retired stages take no deals."""

    status = 422


class FieldsMissing(Refusal):
    """The stage asks for fields that the deal does not have yet."""

    status = 422


class ReasonNeeded(Refusal):
    """A deal is lost for a reason."""

    status = 422


class NotOpen(Refusal):
    """Only open deals move; a closed one is reopened first."""


@transaction.atomic
def move(
    deal: Deal,
    *,
    to: Stage,
    by,
    at,
    seen_version: int | None = None,
    after: int | None = None,
    before: int | None = None,
    move_id=None,
    via: str = Origin.USER,
    batch=None,
) -> Deal:
    """Move an open deal to another open stage of its pipeline, or to the won stage, or within its stage.

    `after` and `before` are the neighbours it is put between; without them it goes to the top.
    Refused: a deal that changed since `seen_version`, a foreign or retired stage, missing required fields, a closed
    deal, and the lost stage, which needs a reason (`closing.lose`). The same `move_id` again changes nothing.
    """
    _log.lock(deal)
    if stage_log.was_done(deal, move_id):
        return deal
    see(deal, seen_version)
    if to.pk == deal.stage_id:
        deal.rank = rank_between(Deal.objects.in_stage(to).exclude(pk=deal.pk), after=after, before=before)
        _log.touch(deal, "rank")
        return deal
    if not deal.stage.is_open:
        raise NotOpen(_("%(name)s is closed. Reopen it to move it.") % {"name": deal.name}, card=deal)
    if to.kind == StageKind.LOST:
        raise ReasonNeeded(_("Say why %(name)s was lost.") % {"name": deal.name}, card=deal, fields=["reason"])
    enter(deal, to, by=by, at=at, move_id=move_id, via=via, batch=batch, after=after, before=before)
    return deal


def enter(
    deal: Deal,
    stage: Stage,
    *,
    by,
    at,
    lost_reason=None,
    move_id=None,
    via=Origin.USER,
    batch=None,
    after=None,
    before=None,
) -> None:
    """Let the locked deal take its step into the stage, if the stage admits it."""
    if stage.pipeline_id != deal.pipeline_id or stage.retired_at:
        raise StageOfAnotherPipeline(
            _("%(stage)s is not a stage of %(pipeline)s.") % {"stage": stage.name, "pipeline": deal.pipeline.name},
            card=deal,
        )
    missing = [name for name in stage.required_fields if getattr(deal, name, None) in (None, "", [])]
    if missing:
        labels = ", ".join(label_of(name) for name in missing)
        raise FieldsMissing(
            _("%(stage)s needs: %(fields)s.") % {"stage": stage.name, "fields": labels}, card=deal, fields=missing
        )
    deal.rank = rank_between(Deal.objects.in_stage(stage), after=after, before=before)
    _log.append(deal, to=stage, at=at, by=by, lost_reason=lost_reason, source=via, batch=batch, move_id=move_id)


def label_of(field: str) -> str:
    """The name of a deal's field as people read it."""
    return str(getattr(Deal._meta.get_field(field), "verbose_name", field))


def see(deal: Deal, seen_version: int | None) -> None:
    """Refuse to overwrite what has not been seen."""
    if seen_version is None or seen_version == deal.version:
        return
    last = deal.events.select_related("by").get(seq=deal.seq)
    raise DealMovedMeanwhile(
        _("%(who)s changed %(name)s a moment ago; it is in %(stage)s. Your change was not made.")
        % {"who": last.by or _("Somebody"), "name": deal.name, "stage": deal.stage.name},
        card=deal,
        stage=deal.stage_id,
    )
