from django.apps import AppConfig


class AnalyticsConfig(AppConfig):
    name = "analytics"

    def ready(self) -> None:
        """From here on what is forgotten of a person includes reasons of judgements."""
        from analytics import forgetting  # noqa: F401 - it registers itself
