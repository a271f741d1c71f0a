"""The only writer of `Deal.stage` and of a deal's events."""

from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.stage_log import Step, lock, touch

from ..models import Deal, LostReason, Stage

__all__ = ["Step", "append", "begin", "lock", "step_back", "touch", "write_histories"]


def begin(deal: Deal, *, at, by, source=Origin.USER, batch=None) -> None:
    stage_log.begin(deal, at=at, by=by, source=source, batch=batch, **_facts(deal.stage, None))


def append(
    deal: Deal,
    *,
    to: Stage,
    at,
    by,
    lost_reason: LostReason | None = None,
    source=Origin.USER,
    batch=None,
    move_id=None,
):
    deal.stage = to
    facts = _facts(to, lost_reason)
    return stage_log.append(deal, at=at, by=by, source=source, batch=batch, move_id=move_id, **facts)


def step_back(deal: Deal, *, by, reason: str, move_id=None):
    return stage_log.step_back(deal, by=by, reason=reason, move_id=move_id, set_stage=_stand_at, facts=_facts_of)


def write_histories(histories, *, source=Origin.IMPORT, batch=None) -> None:
    """New deals with whole histories: [(Deal, [Step(to=Stage, at=…, reason=LostReason | None), …]), …]."""
    stage_log.write_histories(
        histories,
        source=source,
        batch=batch,
        set_stage=_set_stage,
        facts=lambda step: _facts(step.to, step.reason),
    )


def _facts(stage: Stage, lost_reason: LostReason | None) -> dict:
    return {"to_stage": stage, "to_kind": stage.kind, "lost_reason": lost_reason}


def _facts_of(event) -> dict:
    return {"to_stage": event.to_stage, "to_kind": event.to_kind, "lost_reason": event.lost_reason}


def _stand_at(deal, event) -> None:
    deal.stage = event.to_stage


def _set_stage(deal, stage) -> None:
    deal.stage = stage
