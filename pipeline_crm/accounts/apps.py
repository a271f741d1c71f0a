from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "pipeline_crm.accounts"
    label = "accounts"
