"""Deals come in from a file, under the same rules as by hand, each once however often the file is read.

A deal is known by its source and its key there (ImportedCase). A row we have not seen makes a deal, one that changed
since makes the difference, one that did not is skipped, one that cannot be is rejected with its line and reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from deals.models import Deal, DealLine, ImportedCase, LostReason, Pipeline, Product, Stage, StageKind
from leads.domain import importing as lead_importing
from leads.domain import qualifying
from leads.models import Batch, Lead, LeadStage
from pipeline_crm.accounts.domain.rates import MissingRate, RateTable
from pipeline_crm.accounts.models import Company, Team, User
from pipeline_crm.foundation import ranks, tabular
from pipeline_crm.foundation.append_only import Origin
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.foundation.loading import copy_in
from pipeline_crm.foundation.stage_log import history
from pipeline_crm.jobs.domain import accepting

from .. import _log, admitting, moving, revising
from ..admitting import NotTheNextStage
from . import cases, directory
from .cases import Case, CaseStep, LineCount, Unusable
from .mapping import BadMapping, Mapping, from_json, load
from .outcome import Fate, Outcome

__all__ = ["AlreadyImporting", "BadMapping", "Mapping", "Outcome", "WrongKind", "from_json", "load", "run"]

Progress = Callable[[int, int, str], None]
CHUNK = 2000


class WrongKind(Refusal):
    """A mapping for one row per deal does not fit a file with one row per event."""

    status = 422


class AlreadyImporting(Refusal):
    """Two imports of the same source at once would bring the same deals in twice."""


def run(
    path: str | Path,
    mapping: Mapping,
    *,
    by: User | None,
    at: datetime,
    kind: str | None = None,
    pipeline: str | None = None,
    team: str | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Outcome:
    """Bring the file's deals in, all in one transaction; the outcome tells each case's fate.

    `pipeline` replaces the mapping's pipeline, `team` is for deals whose owner has none. A dry run does all of it,
    the database's checks included, and takes it back. Refused as a whole: files and side files that cannot be read
    (BadFile), a pipeline with other stages (StageMissing), a mapping of another kind (WrongKind), a source that is
    being imported at this moment (AlreadyImporting).
    """
    if kind and mapping.kind != kind:
        raise WrongKind(
            _("This mapping is for files of kind %(has)s; the command is for %(wanted)s.")
            % {"has": mapping.kind, "wanted": kind}
        )
    path = Path(path)
    table = tabular.read(path, encoding=mapping.encoding, delimiter=mapping.delimiter)
    cases.check_columns(table, mapping)
    with transaction.atomic():
        _hold(mapping.source)
        work = _Import(path, mapping, by=by, at=at, team_name=team, tell=progress or _silently)
        outcome = work.run(table, pipeline)
        outcome.dry_run = dry_run
        if dry_run:
            _check_constraints_now()
            transaction.set_rollback(True)
            outcome.batch_id = outcome.pipeline_id = None
    return outcome


@dataclass
class _Import:
    """One run: what it reads, what it has looked up, what it has decided so far."""

    path: Path
    mapping: Mapping
    by: User | None
    at: datetime
    team_name: str | None
    tell: Progress
    outcome: Outcome = field(init=False)
    batch: Batch = field(init=False)
    pipeline: Pipeline = field(init=False)
    stages: dict[str, Stage] = field(init=False)

    def run(self, table: tabular.Table, pipeline_name: str | None) -> Outcome:
        self.base_currency = Company.get().base_currency
        self.rates = RateTable.load()
        self.tell(0, 0, _("Reading %(file)s") % {"file": table.file})
        self.outcome = Outcome(self.mapping.source, table.file, table.encoding, pipeline_name or self.mapping.pipeline)
        found = self._cases(table)
        known = self._known(found)
        new = [case for case in found if case.key not in known]
        changed = [case for case in found if case.key in known and known[case.key].digest != case.digest]
        for case in found:
            if case.key in known and known[case.key].digest == case.digest:
                self.outcome.add(case, "skipped", _("Unchanged since the last import."), says_why=False)
        if new or changed:
            self._look_up(table, pipeline_name, [*new, *changed])
            self._create(new)
            self._update(changed, known)
            self.batch.summary = self.outcome.as_json()
            self.batch.save(update_fields=["summary"])
            accepting.accept(
                "leads.recognise", key=f"batch {self.batch.pk}", args={"batch": self.batch.pk}, by=self.by, at=self.at
            )
        return self.outcome

    def _cases(self, table: tabular.Table) -> list[Case]:
        currency = self.mapping.currency or self.base_currency
        if self.mapping.kind == "deals":
            read = cases.deals(table, self.mapping, currency=currency, on=self.at)
        else:
            self.outcome.lines = LineCount()
            read = cases.history(table, self.mapping, currency=currency, on=self.at, lines=self.outcome.lines)
        found: list[Case] = []
        for case in read:
            if isinstance(case, Unusable):
                self._reject(case)
            elif problem := self._unconvertible(case):
                self._reject(problem)
            else:
                found.append(case)
        return found

    def _unconvertible(self, case: Case) -> Unusable | None:
        try:
            self._in_base(case)
        except MissingRate as problem:
            return Unusable(case.line, str(problem), case.key, self.mapping.columns.get("currency", ""))
        return None

    def _in_base(self, case: Case) -> Any:
        return self.rates.to_base(case.amount, case.currency, on=(case.steps[-1].at or self.at).date())

    def _known(self, found: Sequence[Case]) -> dict[str, ImportedCase]:
        rows = ImportedCase.objects.filter(source_name=self.mapping.source).select_related("deal__pipeline")
        keys = {case.key for case in found}
        return {row.key: row for row in rows.iterator(chunk_size=CHUNK) if row.key in keys}

    def _look_up(self, table: tabular.Table, pipeline_name: str | None, found: Sequence[Case]) -> None:
        """Find or make whatever the cases refer to."""
        self.tell(0, len(found), _("Looking up organisations, owners and products"))
        self.pipeline, self.stages = directory.pipeline(self.mapping, pipeline_name)
        self.stages = {name: admitting.keep(stage.pk) for name, stage in self.stages.items()}
        self.outcome.pipeline, self.outcome.pipeline_id = self.pipeline.name, self.pipeline.pk
        self.batch = Batch.objects.create(
            kind=f"import {self.mapping.kind}",
            file_name=table.file[:255],
            digest=hashlib.sha256(self.path.read_bytes()).hexdigest(),
            mapping=self.mapping.as_written,
            by=self.by,
            created_at=self.at,
        )
        self.outcome.batch_id = self.batch.pk
        currency = self.mapping.currency or self.base_currency
        houses = self._side_file("organisations", directory.organisation_facts)
        prices = self._side_file("products", directory.product_prices, currency, self.mapping.decimal)
        self.team_of = self._side_file("teams", directory.team_names)
        self.houses = lead_importing.organisations(
            {case.organisation: {} for case in found if case.organisation} | houses
        )
        self.people = lead_importing.people(
            (case.person, case.email, case.phone, self.houses.get(case.organisation.casefold()))
            for case in found
            if case.person or case.email
        )
        self.sources = lead_importing.sources(case.source for case in found if case.source)
        self.products = directory.products({case.product: None for case in found if case.product} | prices, currency)
        self.owners = directory.owners((case.owner for case in found), self.team_of)
        self.teams = directory.teams(
            [*self.team_of.values(), *(case.team for case in found), self.team_name or self.mapping.team or ""]
        )
        self.teams_of_owners = directory.first_teams(self.owners.values())
        self.reasons = directory.lost_reasons(step.reason for case in found for step in case.steps if step.reason)

    def _side_file(self, what: str, read: Callable[..., dict], *how: Any) -> dict:
        side = self.mapping.files.get(what)
        if side is None:
            return {}
        if not (self.path.parent / side.file).exists():
            self.outcome.warnings.append(
                _("%(file)s does not lie beside the file; the import goes on without it.") % {"file": side.file}
            )
            return {}
        return read(side, self.path.parent, *how)

    def _create(self, new: Sequence[Case]) -> None:
        ranked = self._ranks(new)
        for start in range(0, len(new), CHUNK):
            part = new[start : start + CHUNK]
            written = [(case, self._deal(case, ranked[case.key]), self._steps(case)) for case in part]
            fitting = []
            for case, deal, steps in written:
                try:
                    _ask(deal, steps[-1].to)
                except Refusal as problem:
                    self._reject(self._not_admitted(case, problem))
                else:
                    fitting.append((case, deal, steps))
            self._write(fitting)
            self.tell(start + len(part), len(new), _("Writing deals"))

    def _write(self, fitting: Sequence[tuple[Case, Deal, list[_log.Step]]]) -> None:
        lead_importing.write_accepted(
            [(deal.lead, steps[0].at, steps[0].is_exact) for _case, deal, steps in fitting],
            batch=self.batch,
            recorded_at=self.at,
        )
        for _case, deal, _steps in fitting:
            deal.lead_id = deal.lead.pk
        _log.write_histories([(deal, steps) for _case, deal, steps in fitting], batch=self.batch)
        copy_in(
            DealLine(deal=deal, product=self._product(case), unit_price=case.amount)
            for case, deal, _steps in fitting
            if case.product
        )
        copy_in(
            ImportedCase(source_name=self.mapping.source, key=case.key, deal=deal, digest=case.digest, batch=self.batch)
            for case, deal, _steps in fitting
        )
        for case, _deal, _steps in fitting:
            self.outcome.add(case, "created")

    def _deal(self, case: Case, rank: str) -> Deal:
        who: dict[str, Any] = self._who(case)
        title = case.title or case.product
        lead = Lead(title=title, source=self.sources.get(case.source.casefold()), currency=case.currency, **who)
        return Deal(
            pipeline=self.pipeline,
            lead=lead,
            title=title,
            rank=rank,
            amount=case.amount,
            currency=case.currency,
            base_amount=self._in_base(case),
            expected_close=case.expected_close,
            competitor=case.competitor,
            **who,
        )

    def _who(self, case: Case) -> dict[str, Any]:
        owner = self.owners.get(case.owner.casefold())
        return {
            "organisation": self.houses.get(case.organisation.casefold()),
            "person": self.people.get((case.person.casefold(), case.email.casefold())),
            "owner": owner,
            "team": self._team(case, owner),
        }

    def _team(self, case: Case, owner: User | None) -> Team | None:
        named = self.team_name or self.mapping.team or ""
        return (
            self.teams.get(case.team.casefold())
            or (self.teams_of_owners.get(owner.pk) if owner else None)
            or self.teams.get(named.casefold())
        )

    def _product(self, case: Case) -> Product:
        return self.products[case.product.casefold()]

    def _steps(self, case: Case) -> list[_log.Step]:
        """The case's steps with a date each: what the file does not date is not later than the next step."""
        steps, latest = [], self.at
        for step in reversed(case.steps):
            latest = step.at or latest
            steps.append(
                _log.Step(
                    to=self.stages[step.stage],
                    at=latest,
                    recorded_at=self.at,
                    by=self.by,
                    is_exact=step.is_exact and step.at is not None,
                    reason=self._reason(step),
                    amount=step.amount,
                )
            )
        return steps[::-1]

    def _reason(self, step: CaseStep) -> LostReason | None:
        return self.reasons[step.reason.casefold()] if step.reason else None

    def _ranks(self, new: Sequence[Case]) -> dict[str, str]:
        """Each new deal a place below those its column has already, the newest first."""
        lowest = directory.last_ranks(self.stages.values())
        columns: dict[str, list[Case]] = {}
        for case in new:
            columns.setdefault(case.steps[-1].stage, []).append(case)
        ranked: dict[str, str] = {}
        for stage, column in columns.items():
            column.sort(key=lambda case: case.steps[-1].at or self.at, reverse=True)
            places = ranks.many(len(column), before=lowest.get(self.stages[stage].pk))
            ranked |= {case.key: place for case, place in zip(column, places, strict=True)}
        return ranked

    def _update(self, changed: Sequence[Case], known: dict[str, ImportedCase]) -> None:
        for done, case in enumerate(changed, 1):
            row = known[case.key]
            try:
                with transaction.atomic():
                    self._revise(row.deal, case)
                    self._follow(row.deal, case)
                    row.digest, row.batch = case.digest, self.batch
                    row.save(update_fields=["digest", "batch"])
            except Refusal as problem:
                self._reject(self._not_admitted(case, problem))
            else:
                self.outcome.add(case, "updated")
            self.tell(done, len(changed), _("Writing changes"))

    def _revise(self, deal: Deal, case: Case) -> None:
        """Bring in what the file knows; an empty cell says nothing, so it erases nothing."""
        facts = self._who(case) | {
            "title": case.title,
            "amount": case.amount,
            "currency": case.currency,
            "expected_close": case.expected_close,
            "competitor": case.competitor,
        }
        known = {name: value for name, value in facts.items() if value not in (None, "")}
        revising.revise(deal, by=self.by, at=self.at, **known)

    def _follow(self, deal: Deal, case: Case) -> None:
        """Take the steps that the deal has not taken here yet. Refused when it went another way here."""
        stood_in = [step.to_key for step in history(deal)]
        steps = self._steps(case)
        wanted = [step.to.pk for step in steps]
        if self.mapping.kind == "deals":
            is_there = stood_in[-1] == wanted[-1] or self._was_moved_on(deal, wanted[-1])
        else:
            is_there = stood_in[: len(wanted)] == wanted
        if is_there:
            return
        if self.mapping.kind == "history" and wanted[: len(stood_in)] != stood_in:
            raise moving.DealMovedMeanwhile(_("The deal has gone another way here than in the file."), card=deal)
        begun = len(wanted) - wanted[::-1].index(stood_in[-1]) if stood_in[-1] in wanted else len(wanted) - 1
        for step in steps[begun:]:
            _log.lock(deal)
            at = max(step.at, deal.stage_entered_at)
            how = {"lost_reason": step.reason, "via": Origin.IMPORT, "batch": self.batch, "asks": False}
            moving.enter(deal, step.to, by=self.by, at=at, **how)
            if step.to.kind == StageKind.OPEN and deal.lead.stage != LeadStage.ACCEPTED:
                qualifying.accept(deal.lead, by=self.by, at=at, via=Origin.IMPORT)

        _ask(deal, steps[-1].to)

    def _was_moved_on(self, deal: Deal, wanted: int) -> bool:
        """Somebody moved the deal here since an import put it into the stage that the file still names."""
        newest_first = deal.events.order_by("-seq")
        newest, told = newest_first[0], newest_first.filter(source=Origin.IMPORT).first()
        return newest.source != Origin.IMPORT and told is not None and told.to_key == wanted

    def _not_admitted(self, case: Case, problem: Refusal) -> Unusable:
        """The refusal, with the columns of the file that it is about."""
        about = problem.facts.get("fields", ["stage"] if isinstance(problem, NotTheNextStage) else [])
        columns = [self.mapping.columns.get(name) or admitting.label_of(name) for name in about]
        return Unusable(case.line, str(problem), case.key, ", ".join(columns))

    def _reject(self, problem: Unusable) -> None:
        fate = "skipped" if problem.left_out else "rejected"
        self.outcome.fates.append(Fate(problem.line, fate, problem.key, problem.field, problem.reason))


def _ask(deal: Deal, stage: Stage) -> None:
    """What the stage asks for is asked of where the deal stands now, not of the stages it has passed elsewhere. When a
    closed deal closes is no longer expected: the file says it."""
    admitting.ask(deal, stage, known=() if stage.is_open else ("expected_close",))


def _hold(source: str) -> None:
    """Keep other imports of the source out until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [f"import {source}"])
        if not cursor.fetchone()[0]:
            raise AlreadyImporting(_("%(source)s is being imported at this moment.") % {"source": source})


def _check_constraints_now() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def _silently(done: int, total: int, text: str) -> None:
    pass
