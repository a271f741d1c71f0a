from django.apps import AppConfig


class JobsConfig(AppConfig):
    name = "pipeline_crm.jobs"
    label = "jobs"
