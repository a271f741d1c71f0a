from deals.management.importing_command import ImportingCommand


class Command(ImportingCommand):
    help = "Bring in deals from a CSV file with one row per deal. A second run adds nothing. See docs/imports.md."
    kind = "deals"
