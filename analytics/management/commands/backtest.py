"""manage.py backtest --pipeline P --from DAY --to DAY --horizon DAYS --step DAYS --format json|csv|grades"""

import json
from dataclasses import asdict
from datetime import date, timedelta

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from analytics import backtesting, days, exports, sources
from analytics.known import history_of
from analytics.outlook import Outlook
from analytics.selection import Selection
from deals.models import Pipeline
from pipeline_crm.foundation.errors import Refusal

ANY_DAY = "YYYY-MM-DD"


class Command(BaseCommand):
    help = (
        "Ask every forecast again as of days gone by, and grade it by what came. The forecast called blend is the one "
        "that pages show. Nothing that was not known on the evening of an origin reaches its forecasts."
    )

    def add_arguments(self, parser):
        parser.add_argument("--pipeline", help="name or number; the default pipeline where left out")
        parser.add_argument("--from", required=True, help=f"first origin, {ANY_DAY}")
        parser.add_argument("--to", required=True, help=f"no origin after this day, {ANY_DAY}")
        parser.add_argument("--horizon", type=int, default=28, help="days after the origin that are forecast")
        parser.add_argument("--step", type=int, default=7, help="days between origins")
        parser.add_argument(
            "--format", choices=["json", "csv", "grades"], default="json", help="rows, or one grade a method"
        )

    def handle(self, *, horizon, step, format, **options):
        if horizon < 1 or step < 1:
            raise CommandError("--horizon and --step are days, at least 1.")
        first, last = (_day(options[name], name) for name in ("from", "to"))
        if first > last:
            raise CommandError("--from comes after --to.")
        pipeline = _pipeline(options["pipeline"])
        end = last + timedelta(days=horizon)
        if end >= sources.today(pipeline, timezone.now()):
            raise CommandError(f"What comes in the {horizon} days after {last} is not known yet.")
        river = sources.river(Selection(pipeline.pk, end))
        outlook = Outlook(history_of(river))
        rows = list(backtesting.replay(outlook, range(days.number(first), days.number(last) + 1, step), horizon))
        if format == "json":
            self.stdout.write(json.dumps([row.as_facts() for row in rows], indent=1))
        elif format == "csv":
            self.stdout.write(exports.as_csv([row.as_facts() for row in rows]), ending="")
        else:
            self.stdout.write(_table(backtesting.grades(rows)))


def _table(grades: list[backtesting.Grade]) -> str:
    lines = [f"{'method':32} {'n':>4} {'crps':>7} {'error':>7} {'bias':>7} {'inside':>7}"]
    for grade in grades:
        facts = asdict(grade)
        inside = "–" if grade.inside is None else f"{grade.inside:.2f}"
        lines.append("{method:32} {n:4} {crps:7.3f} {error:7.3f} {bias:+7.3f} ".format(**facts) + f"{inside:>7}")
    return "\n".join(lines)


def _day(words: str, name: str) -> date:
    try:
        return date.fromisoformat(words)
    except ValueError as problem:
        raise CommandError(f"--{name} is a day, {ANY_DAY}.") from problem


def _pipeline(words: str | None) -> Pipeline:
    if words:
        try:
            return sources.pipeline_named(words)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from refusal
    pipeline = Pipeline.objects.order_by("-is_default", "pk").first()
    if pipeline is None:
        raise CommandError("There is no pipeline yet.")
    return pipeline
