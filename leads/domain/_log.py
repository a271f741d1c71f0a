"""The only writer of `Lead.stage` and of a lead's events."""

from collections.abc import Sequence

from pipeline_crm.foundation import stage_log
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.stage_log import Step, touch

from ..models import Lead
from .seeing import refuse_merged

__all__ = ["Step", "append", "append_many", "begin", "lock", "step_back", "touch", "write_histories"]


def lock(lead: Lead) -> None:
    """Hold the lead until the transaction ends, and see it as it is now. Refused when it was merged into another."""
    stage_log.lock(lead)
    refuse_merged(lead)


def begin(lead: Lead, *, at, by, source=Origin.USER, batch=None) -> None:
    stage_log.begin(lead, at=at, by=by, source=source, batch=batch, to_stage=lead.stage)


def append(lead: Lead, *, to: str, at, by, reason: str | None = None, source=Origin.USER, batch=None, move_id=None):
    lead.stage = to
    lead.accept_by = None  # an offer ends with the stage; the next one sets its own clock
    return stage_log.append(lead, at=at, by=by, source=source, batch=batch, move_id=move_id, to_stage=to, reason=reason)


def append_many(leads: Sequence[Lead], *, to: str, at, by, source=Origin.BULK, batch=None) -> None:
    """The same step for many locked leads that need no reason for it; their other changed fields are saved as well."""
    for lead in leads:
        lead.stage = to
    fields = ["rank", "contact_again_on"]
    stage_log.append_many(leads, at=at, by=by, source=source, batch=batch, facts={"to_stage": to}, fields=fields)


def step_back(lead: Lead, *, by, reason: str, move_id=None):
    return stage_log.step_back(lead, by=by, reason=reason, move_id=move_id, set_stage=_stand_at, facts=_facts_of)


def write_histories(histories, *, source=Origin.IMPORT, batch=None) -> None:
    """New leads with whole histories: [(Lead, [Step(to=LeadStage…, at=…), …]), …]."""
    stage_log.write_histories(histories, source=source, batch=batch, set_stage=_set_stage, facts=_facts)


def _stand_at(lead, event) -> None:
    lead.stage = event.to_stage


def _set_stage(lead, to) -> None:
    lead.stage = to


def _facts_of(event) -> dict:
    return {"to_stage": event.to_stage, "reason": None}


def _facts(step: Step) -> dict:
    return {"to_stage": step.to, "reason": step.reason}
