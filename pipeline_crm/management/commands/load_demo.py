import secrets

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from pipeline_crm import demo
from pipeline_crm.demo import people
from pipeline_crm.foundation.errors import Refusal
from pipeline_crm.jobs.domain import accepting
from pipeline_crm.tasks import period_start


class Command(BaseCommand):
    help = (
        "Fill an empty installation with a simulated company: two years of leads and deals, and people to sign in as."
    )

    def add_arguments(self, parser):
        parser.add_argument("--seed", type=int, default=1, help="another seed, another history (default 1)")
        parser.add_argument("--if-empty", action="store_true", help="say nothing and do nothing unless empty")

    def handle(self, *, seed, if_empty, **options):
        if if_empty and not demo.is_possible():
            return
        password = demo.EVALUATION_PASSWORD if settings.EVALUATION else secrets.token_urlsafe(9)
        now = timezone.now()
        try:
            summary = demo.load(at=now, seed=seed, password=password)
        except Refusal as refusal:
            raise CommandError(str(refusal)) from None
        for kind in ("analytics.learn_norms", "analytics.learn_chances"):
            accepting.accept(kind, key=f"after the demo of {now.isoformat()}", at=now)
        accepting.accept_period("analytics.record", start=period_start(now, "day"), at=now)  # beat will find it done
        self.stdout.write(f"{summary.leads:,} leads, {summary.deals:,} deals, {summary.open_deals} of them open.")
        for colleague in people.COLLEAGUES:
            self.stdout.write(f"  {colleague.email:<26} {password}  ({colleague.role}, {', '.join(colleague.teams)})")
