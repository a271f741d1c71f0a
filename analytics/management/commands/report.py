"""manage.py report NAME --pipeline P --as-of DATE --format json|csv"""

import json
from datetime import date

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from analytics import catalogue, exports, sources
from analytics.selection import Selection
from deals.models import Pipeline
from pipeline_crm.foundation.errors import Refusal


class Command(BaseCommand):
    help = "Compute a report now and print it: the same numbers as on its page."

    def add_arguments(self, parser):
        parser.add_argument("name", choices=sorted(catalogue.REPORTS))
        parser.add_argument("--pipeline", help="name or number; the default pipeline where left out")
        parser.add_argument("--as-of", type=date.fromisoformat, help="YYYY-MM-DD; today where left out")
        parser.add_argument("--format", choices=["json", "csv"], default="json")

    def handle(self, *, name, pipeline, as_of, format, **_options):
        try:
            chosen = sources.pipeline_named(pipeline) if pipeline else Pipeline.objects.order_by("-is_default").first()
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
        if chosen is None:
            raise CommandError("There is no pipeline yet.")
        report = catalogue.REPORTS[name]
        facts = catalogue.compute(name, Selection(chosen.pk, as_of or sources.today(chosen, timezone.now())))
        if format == "json":
            self.stdout.write(json.dumps(report.shape(facts), indent=2, ensure_ascii=False))
        else:
            self.stdout.write(exports.as_csv(report.rows(facts)), ending="")
