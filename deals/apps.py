from django.apps import AppConfig


class DealsConfig(AppConfig):
    name = "deals"

    def ready(self) -> None:
        """From here on marketing hears of the contacts of sales."""
        from deals.domain import telling  # noqa: F401 - it registers itself
