"""How a card takes a step, how a step is taken back, and what the history says after all amendments.

Works for every card of `append_only`; the `_log` modules of leads and deals are its only callers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from django.db import connection, models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from . import live
from .append_only import AmendmentKind, Card, Origin, StageAmendment, StageEvent
from .errors import Refusal
from .loading import copy_in, update_many

MANY = 100


NOON = time(12)
SLIP = timedelta(seconds=60)
RECENT = 20


class StepBeforePrevious(Refusal):
    """A step cannot have happened before the one it follows, or after the one that follows it."""

    status = 422


class StepInFuture(Refusal):
    """What has not happened yet is not history."""

    status = 422


class KeyOfAnother(Refusal):
    """A key stands for one move of one card."""

    status = 422


class NoSuchStep(Refusal):
    """The step is voided already, is not there, or is the first: a card begins somewhere."""


@dataclass(frozen=True)
class EffectiveStep:
    """A step as it counts after all amendments."""

    event: StageEvent
    occurred_at: datetime
    seqs: tuple[int, ...] = ()  # of all events that make up this stay, where steps between them are voided

    @property
    def seq(self) -> int:
        return self.event.seq

    @property
    def to_key(self):
        return self.event.to_key


@dataclass(frozen=True)
class Step:
    """A step of a whole history that is written at once. `to` is a stage as the app names it."""

    to: Any
    at: datetime
    recorded_at: datetime | None = None
    by: Any = None
    is_exact: bool = True
    reason: Any = None
    amount: Any = None
    facts: dict = field(default_factory=dict)


def effective(events: Iterable[StageEvent], amendments: Iterable[StageAmendment]) -> list[EffectiveStep]:
    """The history without voided steps, at the latest dates. Two equal stages in a row are one stay.

    `events` come in the order of seq, `amendments` in the order they were recorded.
    """
    voided, dates = set(), {}
    for amendment in amendments:
        if amendment.kind == AmendmentKind.VOID:
            voided.add(amendment.seq)
        else:
            dates[amendment.seq] = amendment.occurred_at
    steps: list[EffectiveStep] = []
    for event in events:
        if event.seq in voided:
            continue
        if steps and steps[-1].to_key == event.to_key:
            steps[-1] = replace(steps[-1], seqs=(*steps[-1].seqs, event.seq))
        else:
            steps.append(EffectiveStep(event, dates.get(event.seq, event.occurred_at), (event.seq,)))
    return steps


def history(card: Card) -> list[EffectiveStep]:
    return effective(card.events.order_by("seq"), card.amendments.order_by("id"))


def lock(card: Card) -> None:
    """Hold the card until the transaction ends, and see it as it is now."""
    card.refresh_from_db(from_queryset=type(card).objects.select_for_update(of=("self",)))


def was_done(card: Card, move_id) -> bool:
    """Whether the card has taken the step of this key already. Refused when the key belongs to another card."""
    owner = card.events.model.objects.filter(move_id=move_id).first() if move_id else None
    if owner and owner.card_id != card.pk:
        raise KeyOfAnother(_("This key belongs to another move. Nothing has been changed."), card=card)
    return owner is not None


def touch(card: Card, *fields: str) -> None:
    """Save fields that people see: the version goes up by one and open boards hear of it."""
    was = _whose(card) if {"team", "owner"} & set(fields) else ()
    card.version += 1
    card.save(update_fields=[*fields, "version"])
    announce(card, *was)


def announce(card: Card, *was: tuple[int | None, int | None]) -> None:
    """Tell those whose card it is, and whose it was: pairs of team and owner."""
    kind, pk, version = card._meta.model_name, card.pk, card.version
    teams, owners = zip((card.team_id, card.owner_id), *was, strict=True)
    transaction.on_commit(lambda: live.nudge(kind, pk, version, teams=teams, owners=owners))


def _whose(card: Card) -> list[tuple[int | None, int | None]]:
    """Team and owner as they are written down, before what is about to be saved."""
    return list(type(card).objects.filter(pk=card.pk).values_list("team_id", "owner_id"))


def begin(card: Card, *, at: datetime, by, source: str = Origin.USER, batch=None, move_id=None, **facts) -> None:
    """Save a new card together with its first step. The card's stage is set by the caller."""
    recorded_at = _recorded_at(at, None)
    card.created_at = card.stage_entered_at = at
    card.save(force_insert=True)
    _write(card, None, at=at, recorded_at=recorded_at, by=by, source=source, batch=batch, move_id=move_id, facts=facts)
    announce(card)


def append(card: Card, *, at: datetime, by, source: str = Origin.USER, batch=None, move_id=None, **facts) -> StageEvent:
    """Write the step into the stage that the caller has set on the locked card, and move the card there.

    Refused: a date before the card's last step (StepBeforePrevious) or after now (StepInFuture).
    """
    if at < card.stage_entered_at and is_noon(at) and same_day(at, card.stage_entered_at):
        at = card.stage_entered_at  # only the day was named, and it is the day of the last step
    if at < card.stage_entered_at:
        raise StepBeforePrevious(
            _("%(name)s reached its stage on %(day)s. The next step cannot be earlier.")
            % {"name": card.name, "day": _day(card.stage_entered_at)},
            earliest=card.stage_entered_at,
        )
    previous = card.events.get(seq=card.seq)
    event = _step(card, previous, at=at, by=by, source=source, batch=batch, move_id=move_id, facts=facts)
    card.stage_entered_at = at
    card.version += 1
    card.save()
    announce(card)
    return event


def append_many(
    cards: Sequence[Card],
    *,
    at: datetime,
    by,
    source: str,
    facts: dict,
    fields: Sequence[str],
    batch=None,
) -> None:
    """The same step for many locked cards, each written as `append` would, in three statements.

    The caller has set each card's stage, and the other fields named. Refused as by `append`, for all of them.
    """
    if not cards:
        return
    now = _recorded_at(at, None)
    model, event_model = type(cards[0]), type(cards[0]).events.rel.related_model
    newest = event_model.objects.filter(card__in=cards, seq=F("card__seq"))
    previous = {pk: (stage, recorded) for pk, stage, recorded in newest.values_list("card", "to_stage", "recorded_at")}
    events = []
    for card in cards:
        if at < card.stage_entered_at:
            raise StepBeforePrevious(
                _("%(name)s reached its stage on %(day)s. The next step cannot be earlier.")
                % {"name": card.name, "day": _day(card.stage_entered_at)},
                earliest=card.stage_entered_at,
            )
        came_from, recorded_at = previous[card.pk]
        card.seq, card.version, card.stage_entered_at = card.seq + 1, card.version + 1, at
        event = event_model(
            card=card,
            seq=card.seq,
            occurred_at=at,
            recorded_at=max(now, recorded_at),
            prev_recorded_at=recorded_at,
            amount=card.worth,
            currency=card.currency,
            by=by,
            source=source,
            batch=batch,
            **facts,
        )
        setattr(event, event._meta.get_field("from_stage").attname, came_from)
        events.append(event)
    copy_in(events)
    update_many(cards, ["stage", "seq", "version", "stage_entered_at", *fields])
    kind = model._meta.model_name
    live.nudge_many([(kind, card.pk, card.version, [card.team_id], [card.owner_id]) for card in cards])


def last_step_to_undo(card: Card) -> tuple[EffectiveStep, EffectiveStep]:
    """The newest step that counts and the one before it; NoSuchStep where there is nothing to go back to."""
    steps = history(card)
    if len(steps) < 2:
        raise NoSuchStep(_("%(name)s is where it began. There is nothing to undo.") % {"name": card.name})
    return steps[-2], steps[-1]


def is_slip(card: Card, *, to_key, by, at: datetime) -> bool:
    """Whether a step by hand to that stage only takes back what the same person did by hand within the last minute.

    Steps that were told with another day than their own are no slips: they are somebody's account of what happened.
    """
    last = card.events.get(seq=card.seq)
    if by is None or at - last.recorded_at > SLIP:
        return False
    steps = effective(
        card.events.filter(seq__gt=card.seq - RECENT).order_by("seq"),
        card.amendments.filter(seq__gt=card.seq - RECENT).order_by("id"),
    )
    if len(steps) < 2 or steps[-2].to_key != to_key:
        return False
    newest, event = steps[-1], steps[-1].event
    return (
        event.by_id == by.pk
        and event.source in (Origin.USER, Origin.BULK)
        and event.recorded_at - newest.occurred_at <= SLIP
        and newest.occurred_at <= at <= event.recorded_at + SLIP
    )


def took_back(card: Card) -> bool:
    """Whether the card's last movement was a step taken back, by undoing it or as a slip."""
    return card.events.get(seq=card.seq).source == Origin.UNDO


def step_back(
    card: Card,
    *,
    by,
    reason: str,
    set_stage: Callable[[Card, StageEvent], None],
    facts: Callable[[StageEvent], dict],
    move_id=None,
) -> EffectiveStep:
    """Return the locked card to the stage before its newest step and void both steps; answers the voided one."""
    before, newest = last_step_to_undo(card)
    previous = card.events.get(seq=card.seq)
    set_stage(card, before.event)
    now = max(timezone.now(), previous.recorded_at)
    known = {"source": Origin.UNDO, "batch": None, "move_id": move_id, "facts": facts(before.event)}
    back = _step(card, previous, at=now, by=by, **known)
    for seq in (*newest.seqs, back.seq):
        _amend(card, seq, AmendmentKind.VOID, by=by, reason=reason, recorded_at=now)
    card.stage_entered_at = before.occurred_at
    card.version += 1
    card.save()
    announce(card)
    return newest


def void(card: Card, *, seq: int, reason: str, by) -> None:
    """Say that a step in the middle of the locked card's history never happened. The newest one needs `step_back`."""
    steps = history(card)
    position = _position(steps, seq)
    if position == 0:
        raise NoSuchStep(_("It began somewhere, so its first step stays. Its day can be corrected."))
    if position == len(steps) - 1:
        raise NoSuchStep(_("The newest step is undone instead."))
    for one in steps[position].seqs:
        _amend(card, one, AmendmentKind.VOID, by=by, reason=reason)
    card.stage_entered_at = history(card)[-1].occurred_at
    touch(card, "stage_entered_at")


def redate(card: Card, *, seq: int, occurred_at: datetime, reason: str, by) -> None:
    """Move a step of the locked card to another day, between its neighbours and not in the future."""
    steps = history(card)
    position = _position(steps, seq)
    now = timezone.now()
    earliest = steps[position - 1].occurred_at if position else None
    latest = steps[position + 1].occurred_at if position + 1 < len(steps) else now
    if is_noon(occurred_at):  # only the day was named: on a neighbour's day it is as late or early as that allows
        if earliest and occurred_at < earliest and same_day(occurred_at, earliest):
            occurred_at = earliest
        elif occurred_at > latest and same_day(occurred_at, latest):
            occurred_at = latest
    if occurred_at > now:
        raise StepInFuture(_("%(day)s has not come yet.") % {"day": _day(occurred_at)})
    if (earliest and occurred_at < earliest) or occurred_at > latest:
        raise StepBeforePrevious(
            _("This step lies between %(earliest)s and %(latest)s; choose a day between them.")
            % {"earliest": _day(earliest) if earliest else _("the beginning"), "latest": _day(latest)}
        )
    _amend(card, seq, AmendmentKind.REDATE, by=by, reason=reason, occurred_at=occurred_at)
    if position == 0:
        card.created_at = occurred_at
    if position == len(steps) - 1:
        card.stage_entered_at = occurred_at
    touch(card, "created_at", "stage_entered_at")


def write_histories(
    histories: Sequence[tuple[Card, Sequence[Step]]],
    *,
    source: str,
    batch=None,
    set_stage: Callable[[Card, Any], None],
    facts: Callable[[Step], dict],
    chunk: int = 2000,
) -> None:
    """Write new cards with whole histories at once; the same constraints judge them.

    Steps are in order of time, no two equal stages in a row. Amounts default to the card's.
    """
    now = timezone.now()
    for start in range(0, len(histories), chunk):
        part = histories[start : start + chunk]
        for card, steps in part:
            card.seq = len(steps)
            set_stage(card, steps[-1].to)
            card.created_at, card.stage_entered_at = steps[0].at, steps[-1].at
        model = type(part[0][0])
        copy_in([card for card, _steps in part])
        event_model = model.events.rel.related_model
        rows = []
        for card, steps in part:
            previous_key = previous_recorded = None
            for seq, step in enumerate(steps, 1):
                row = event_model(
                    card=card,
                    seq=seq,
                    occurred_at=step.at,
                    recorded_at=max(step.recorded_at or now, previous_recorded or step.at, step.at),
                    prev_recorded_at=previous_recorded,
                    is_exact=step.is_exact,
                    amount=card.worth if step.amount is None else step.amount,
                    currency=card.currency,
                    by=step.by,
                    source=source,
                    batch=batch,
                    **facts(step) | step.facts,
                )
                setattr(row, event_model._meta.get_field("from_stage").attname, previous_key)
                rows.append(row)
                previous_key, previous_recorded = row.to_key, row.recorded_at
        copy_in(rows)
    if len(histories) > MANY:
        _plan_anew(type(histories[0][0]), type(histories[0][0]).events.rel.related_model)


def discrepancies(model: type[Card]) -> Iterator[str]:
    """Sentences about cards that do not stand where their log says; none when all is well. Repairs nothing."""
    amendments = defaultdict(list)
    for amendment in model.amendments.rel.related_model.objects.order_by("id").iterator():
        amendments[amendment.card_id].append(amendment)
    events = defaultdict(list)
    for event in model.events.rel.related_model.objects.order_by("card_id", "seq").iterator():
        events[event.card_id].append(event)
    for card in model.objects.order_by("id").iterator():
        name = f"{model._meta.model_name} {card.pk}"
        steps = events.get(card.pk, [])
        if [event.seq for event in steps] != list(range(1, card.seq + 1)):
            yield f"{name}: steps {[event.seq for event in steps]} instead of 1 to {card.seq}"
            continue
        for earlier, later in zip(steps, steps[1:], strict=False):
            if (later.from_key, later.prev_recorded_at) != (earlier.to_key, earlier.recorded_at):
                yield f"{name}: step {later.seq} does not follow step {earlier.seq}"
        counting = effective(steps, amendments.get(card.pk, []))
        if not counting:
            yield f"{name}: every step is voided"
            continue
        if counting[-1].to_key != card.stage_key or steps[-1].to_key != card.stage_key:
            yield f"{name}: stands in {card.stage_key}, its history ends in {counting[-1].to_key}"
        if counting[-1].occurred_at != card.stage_entered_at:
            yield f"{name}: entered its stage at {card.stage_entered_at}, its history says {counting[-1].occurred_at}"
        if counting[0].occurred_at != card.created_at:
            yield f"{name}: was created at {card.created_at}, its history says {counting[0].occurred_at}"
        for earlier, later in zip(counting, counting[1:], strict=False):
            if later.occurred_at < earlier.occurred_at:
                yield f"{name}: step {later.seq} happened before step {earlier.seq}"


def _plan_anew(*grown: type[models.Model]) -> None:
    """Let PostgreSQL count what it holds now. The checks of a large load follow plans made for the tables as they
    were; with the counts of empty tables every index looks equally good, and the wrong one is read from end to end."""
    tables = ", ".join(model._meta.db_table for model in grown)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE (SKIP_LOCKED) {tables}")


def is_noon(moment: datetime) -> bool:
    """Forms that ask for a day answer its noon."""
    return timezone.localtime(moment).time() == NOON


def same_day(one: datetime, other: datetime) -> bool:
    return timezone.localtime(one).date() == timezone.localtime(other).date()


def _step(card, previous, *, at, by, source, batch, move_id, facts) -> StageEvent:
    recorded_at = _recorded_at(at, previous)
    card.seq += 1
    return _write(
        card, previous, at=at, recorded_at=recorded_at, by=by, source=source, batch=batch, move_id=move_id, facts=facts
    )


def _write(card, previous, *, at, recorded_at, by, source, batch, move_id, facts) -> StageEvent:
    event = card.events.model(
        card=card,
        seq=card.seq,
        occurred_at=at,
        recorded_at=recorded_at,
        prev_recorded_at=previous and previous.recorded_at,
        amount=card.worth,
        currency=card.currency,
        by=by,
        source=source,
        batch=batch,
        move_id=move_id,
        **facts,
    )
    setattr(event, event._meta.get_field("from_stage").attname, previous and previous.to_key)
    event.save(force_insert=True)
    return event


def _recorded_at(at: datetime, previous: StageEvent | None) -> datetime:
    """The ledger's own clock: never behind the predecessor, never behind what it records."""
    now = timezone.now()
    if at > now:
        raise StepInFuture(_("%(day)s has not come yet.") % {"day": _day(at)})
    return max(now, previous.recorded_at) if previous else now


def _amend(card, seq, kind, *, by, reason, occurred_at=None, recorded_at=None) -> None:
    card.amendments.create(
        seq=seq, kind=kind, occurred_at=occurred_at, reason=reason, by=by, recorded_at=recorded_at or timezone.now()
    )


def _position(steps: Sequence[EffectiveStep], seq: int) -> int:
    for position, step in enumerate(steps):
        if step.seq == seq:
            return position
    if any(seq in step.seqs for step in steps):
        raise NoSuchStep(
            _("A step before it was taken back, so this one begins nothing: it was in that stage already.")
        )
    raise NoSuchStep(_("This step has been taken back already."))


def _day(moment: datetime) -> str:
    return date_format(timezone.localtime(moment), "DATETIME_FORMAT" if timezone.is_aware(moment) else "DATE_FORMAT")
