"""`manage.py vendor`: fetch the optional third-party files pinned in static/assets.lock."""

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from pipeline_crm.vendoring import CannotFetch, WrongContent, vendor


class Command(BaseCommand):
    help = "Fetches a smaller chart library and the font Inter through npm; without them the product uses fall-backs."
    requires_system_checks = []

    def handle(self, **options):
        try:
            names = vendor(settings.BASE_DIR / "static" / "assets.lock", settings.BASE_DIR / "static" / "vendor")
        except WrongContent as error:
            raise CommandError(str(error))
        except CannotFetch as error:
            self.stdout.write(f"Nothing was fetched ({error}). Charts and type use their fall-backs.")
            return
        self.stdout.write("In static/vendor/: " + ", ".join(names))
