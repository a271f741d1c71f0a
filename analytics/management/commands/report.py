"""manage.py report NAME --pipeline P --from DAY --to DAY --as-of DAY --team T --format json|csv"""

import json

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Model
from django.utils import timezone

from analytics import catalogue, exports, sources
from analytics.forms import ReportFilter
from deals.models import Product
from leads.models import Source
from pipeline_crm.accounts.models import Team, User
from pipeline_crm.foundation.errors import Refusal

NAMED: dict[str, tuple[type[Model], str]] = {
    "team": (Team, "name"),
    "owner": (User, "email"),
    "source": (Source, "name"),
    "product": (Product, "name"),
}
ANY_DAY = "YYYY-MM-DD"


class Command(BaseCommand):
    help = "Compute a report now and print it: the same numbers as on its page."

    def add_arguments(self, parser):
        parser.add_argument("name", choices=sorted(catalogue.REPORTS))
        parser.add_argument("--pipeline", help="name or number; the default pipeline where left out")
        parser.add_argument("--from", help=f"first day of the window, {ANY_DAY}; 90 days where left out")
        parser.add_argument("--to", help=f"last day of the window, {ANY_DAY}")
        parser.add_argument("--as-of", help=f"the day whose knowledge counts, {ANY_DAY}; today where left out")
        for name, (_model, field) in NAMED.items():
            parser.add_argument(f"--{name}", help=f"{field} or number")
        parser.add_argument("--tries", choices=["first", "again"], help="first tries, or prospects who came back")
        parser.add_argument("--least", help="the lowest value of a deal, in the base currency")
        parser.add_argument("--most", help="the highest value of a deal")
        parser.add_argument("--landmark", help="drivers: the stage at which deals are looked at, by name or key")
        parser.add_argument("--unit", choices=["week", "quarter", "year"], help="forecast: its periods; else months")
        parser.add_argument("--table", help="one table of its page by itself, as the links beneath it name it")
        parser.add_argument("--format", choices=["json", "csv"], default="json")

    def handle(self, *, name, table, format, **options):
        selection = self._asked(options).selection()
        if selection is None:
            raise CommandError("There is no pipeline yet.")
        report = catalogue.REPORTS[name]
        if table and table not in report.tables:
            there = ", ".join(report.tables) or "none"
            raise CommandError(f"{name} has no table “{table}” by itself; there is: {there}.")
        facts = catalogue.compute(name, selection)
        rows = report.tables[table] if table else report.rows
        if format == "json":
            self.stdout.write(json.dumps((rows if table else report.shape)(facts), indent=2, ensure_ascii=False))
        else:
            self.stdout.write(exports.as_csv(rows(facts)), ending="")

    def _asked(self, options) -> ReportFilter:
        """The same filter as the page's, and so the same refusals."""
        plain = ("from", "to", "as_of", "tries", "least", "most", "unit")
        asked = {name: options[name] for name in plain if options[name]}
        asked |= {name: _number(options[name], *NAMED[name]) for name in NAMED if options[name]}
        if options["pipeline"]:
            try:
                asked["pipeline"] = sources.pipeline_named(options["pipeline"]).pk
            except Refusal as refusal:
                raise CommandError(str(refusal)) from refusal
        form = ReportFilter(asked, user=None, at=timezone.now())
        if options["landmark"] and form.is_valid() and form.chosen_pipeline:
            landmark = _landmark(options["landmark"], sources.landmarks(form.chosen_pipeline))
            form = ReportFilter(asked | {"landmark": landmark}, user=None, at=timezone.now())
        if not form.is_valid():
            field, problems = next(iter(form.errors.items()))
            raise CommandError(f"--{field.replace('_', '-')}: {problems[0]}")
        return form


def _number(words: str, model: type[Model], field: str) -> int:
    """The row named so, or of that number."""
    found = model.objects.filter(**{f"{field}__iexact": words.strip()}).first()
    if found is None and words.strip().isdecimal():
        found = model.objects.filter(pk=int(words)).first()
    if found is None:
        raise CommandError(f"There is no {model._meta.verbose_name} “{words}”.")
    return found.pk


def _landmark(words: str, stages: dict[str, str]) -> str:
    """The key of the stage named so, or of that key."""
    return next((key for key, name in stages.items() if words.strip().lower() in (name.lower(), key)), words)
