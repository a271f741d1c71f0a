"""Cadences themselves: their names and steps. Steps that have been taken are retired, never deleted."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from pipeline_crm.foundation.errors import Refusal

from ...models import Cadence, CadenceStep, MailTemplate, StepKind
from . import sequencing


class NameTaken(Refusal):
    """Two cadences with one name are told apart by nobody."""

    status = 422


class StepIsEmpty(Refusal):
    """A mail needs a template, a call or a task needs words."""

    status = 422


@transaction.atomic
def keep(name: str, *, by, at: datetime, cadence: Cadence | None = None) -> Cadence:
    """Add a cadence, or give the one named another name."""
    others = Cadence.objects.filter(name__iexact=name.strip())
    if (others.exclude(pk=cadence.pk) if cadence else others).exists():
        raise NameTaken(_("There is a cadence called %(name)s already.") % {"name": name.strip()}, fields=["name"])
    cadence = cadence or Cadence(created_at=at)
    cadence.name = name.strip()
    cadence.save()
    return cadence


@transaction.atomic
def archive(cadence: Cadence, *, by, at: datetime) -> None:
    """Nobody new comes in; who is on the way goes on. Archived again it is offered again."""
    cadence.archived_at = None if cadence.archived_at else at
    cadence.save(update_fields=["archived_at"])


@transaction.atomic
def add_step(
    cadence: Cadence, *, kind: str, wait_days: int, template: MailTemplate | None = None, subject: str = "", by, at
) -> CadenceStep:
    """A step more at the end. Who has finished before stays finished."""
    _lock(cadence)
    last = cadence.steps.filter(retired_at=None).last()
    step = CadenceStep(cadence=cadence, position=last.position + 1 if last else 1, kind=kind)
    return _write(step, wait_days=wait_days, template=template, subject=subject)


@transaction.atomic
def revise_step(step: CadenceStep, *, wait_days: int, template: MailTemplate | None = None, subject: str = "", by, at):
    """Other words or another wait, for all who have not come to the step yet; a wait that has begun stays as it is."""
    _lock(step.cadence)
    return _write(step, wait_days=wait_days, template=template, subject=subject)


@transaction.atomic
def bring_forward(step: CadenceStep, *, by, at: datetime) -> None:
    """The step changes places with the one before it. Whoever is past its new place goes on without it."""
    _lock(step.cadence)
    step.refresh_from_db()
    before = step.cadence.steps.filter(retired_at=None, position__lt=step.position).last()
    if step.retired_at or before is None:
        return
    there, here = before.position, step.position
    aside = 1 + step.cadence.steps.latest("position").position  # no two stand at one place, not even for a moment
    for moved, place in ((before, aside), (step, there), (before, here)):
        moved.position = place
        moved.save(update_fields=["position"])


@transaction.atomic
def retire_step(step: CadenceStep, *, by, at: datetime) -> None:
    """The cadence goes on without it; whoever stood before it comes to the step that follows."""
    _lock(step.cadence)
    if step.retired_at:
        return
    step.retired_at = at
    step.save(update_fields=["retired_at"])
    sequencing.pass_over(step, at=at)


def _write(step: CadenceStep, *, wait_days: int, template: MailTemplate | None, subject: str) -> CadenceStep:
    is_mail = step.kind == StepKind.MAIL
    if is_mail and template is None:
        raise StepIsEmpty(_("Choose the template of the mail."), fields=["template"])
    if not is_mail and not subject.strip():
        raise StepIsEmpty(_("Say what is to be done."), fields=["subject"])
    step.wait_days, step.subject = wait_days, subject.strip()
    step.template = template if is_mail else None
    step.save()
    return step


def _lock(cadence: Cadence) -> None:
    Cadence.objects.select_for_update().get(pk=cadence.pk)
