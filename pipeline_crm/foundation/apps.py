from django.apps import AppConfig


class FoundationConfig(AppConfig):
    name = "pipeline_crm.foundation"
    label = "foundation"
