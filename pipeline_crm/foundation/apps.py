from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "pipeline_crm.foundation"
    label = "foundation"

    def ready(self) -> None:
        from pipeline_crm.foundation import checks  # noqa: F401  registers itself
