"""`manage.py vendor`: fetch the optional third-party files pinned in static/assets.lock."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pipeline_crm.vendoring import WrongContent, fetch_for


class Command(BaseCommand):
    help = "Fetches a smaller chart library and the font Inter through npm; without them the product uses fall-backs."
    requires_system_checks = []

    def handle(self, **options):
        try:
            self.stdout.write(fetch_for(settings.BASE_DIR))
        except WrongContent as error:
            raise CommandError(str(error))
