from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "deals"

    def ready(self) -> None:
        """From here on marketing hears of the contacts of sales, and what is told of people includes deals."""
        from deals import story  # noqa: F401 - it registers itself
        from deals.domain import exporting, forgetting, telling  # noqa: F401 - they register themselves
