from itertools import chain

from django.core.management.base import BaseCommand, CommandError

from deals.models import Deal
from leads.domain import erasing, merging
from leads.models import Lead
from pipeline_crm.foundation.stage_log import discrepancies


class Command(BaseCommand):
    help = "Derives every card's stage from its log, follows what was merged, and names what differs. Repairs nothing."

    def handle(self, **options):
        found = 0
        for sentence in chain(
            discrepancies(Lead), discrepancies(Deal), merging.discrepancies(), erasing.discrepancies()
        ):
            found += 1
            self.stderr.write(sentence)
        if found:
            raise CommandError(f"The ledger has {found} discrepancies.")
        self.stdout.write(f"The ledger is clean: {Lead.objects.count()} leads, {Deal.objects.count()} deals.")
