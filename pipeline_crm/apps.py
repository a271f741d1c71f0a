from django.apps import AppConfig


class PipelineCrmConfig(AppConfig):
    name = "pipeline_crm"

    def ready(self):
        from pipeline_crm import celery  # noqa: F401  (shared tasks publish through this app, in the web process too)
