from django.apps import AppConfig


class PipelineCrmConfig(AppConfig):
    name = "pipeline_crm"
