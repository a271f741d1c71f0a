"""What the two import commands share."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.translation import gettext as _

from deals.domain import importing
from pipeline_crm.accounts.models import User
from pipeline_crm.foundation.errors import Refusal


class ImportingCommand(BaseCommand):
    kind: str

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", help="the CSV file")
        parser.add_argument("--mapping", required=True, help="a mapping that ships with the product, or a JSON file")
        parser.add_argument("--pipeline", help="the pipeline to fill, instead of the mapping's")
        parser.add_argument("--team", help="the team of deals whose owner has none")
        parser.add_argument("--by", help="e-mail address of who imports")
        parser.add_argument("--dry-run", action="store_true", help="show each line's fate and change nothing")
        parser.add_argument("--json", action="store_true", help="print the outcome as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()
        try:
            outcome = importing.run(
                options["file"],
                importing.load(options["mapping"]),
                by=_user(options["by"]),
                at=timezone.now(),
                kind=self.kind,
                pipeline=options["pipeline"],
                team=options["team"],
                dry_run=options["dry_run"],
                progress=self._progress,
            )
        except Refusal as refusal:
            if options["json"]:
                self.stdout.write(json.dumps({"refused": str(refusal)}))
            raise CommandError(str(refusal)) from None
        self._end_progress()
        seconds = round(time.monotonic() - begun, 2)
        if options["json"]:
            found = outcome.as_json(with_fates=options["dry_run"]) | {"seconds": seconds}
            self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1))
        else:
            self._tell(outcome, seconds)

    def _tell(self, outcome: importing.Outcome, seconds: float) -> None:
        for fate in outcome.in_order():
            if outcome.dry_run or (fate.reason and fate.says_why):
                place = f"{fate.line}: {fate.fate}" + (f" ({fate.field})" if fate.field else "")
                self.stdout.write(f"{place} {fate.reason}".rstrip())
        for warning in outcome.warnings:
            self.stdout.write(self.style.WARNING(warning))
        for stage, (count, amount) in outcome.stages.items():
            self.stdout.write(f"{stage}: {count:,} ({amount:,})")
        counts = ", ".join(f"{name} {count:,}" for name, count in outcome.counts().items())
        self.stdout.write(f"{outcome.pipeline}: {counts}; {seconds} s")
        if outcome.dry_run:
            self.stdout.write(_("This was a dry run; nothing was changed."))

    def _progress(self, done: int, total: int, text: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r\033[K{text} {done:,}/{total:,}" if total else f"\r\033[K{text}", ending="")

    def _end_progress(self) -> None:
        if self.stderr.isatty():
            self.stderr.write("\r\033[K", ending="")


def _user(email: str | None) -> User | None:
    if not email:
        return None
    try:
        return User.objects.get(email__iexact=email)
    except User.DoesNotExist:
        raise CommandError(_("There is no user %(email)s.") % {"email": email}) from None
