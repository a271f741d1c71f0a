from django.core.management.base import BaseCommand, CommandError

from deals.models import Deal
from leads.models import Lead
from pipeline_crm.foundation.stage_log import discrepancies


class Command(BaseCommand):
    help = "Derives every card's stage from its log and names those that differ. Repairs nothing."

    def handle(self, **options):
        found = 0
        for model in (Lead, Deal):
            for sentence in discrepancies(model):
                found += 1
                self.stderr.write(sentence)
        if found:
            raise CommandError(f"The ledger has {found} discrepancies.")
        self.stdout.write(f"The ledger is clean: {Lead.objects.count()} leads, {Deal.objects.count()} deals.")
