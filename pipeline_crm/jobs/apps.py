from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "pipeline_crm.jobs"
    label = "jobs"

    def ready(self) -> None:
        """Every process knows every kind of job: the web to accept it, the worker to run it."""
        autodiscover_modules("tasks")
