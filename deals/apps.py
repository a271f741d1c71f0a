from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "deals"

    def ready(self) -> None:
        """From here on marketing hears of the contacts of sales, and people's pages tell of deals."""
        from deals import story  # noqa: F401 - it registers itself
        from deals.domain import telling  # noqa: F401 - it registers itself
