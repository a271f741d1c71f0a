"""The whole map: each app brings its own pages; /live/ is answered beside Django, in asgi.py."""

from django.urls import include, path
from django.views.i18n import JavaScriptCatalog

from pipeline_crm import health

urlpatterns = [
    path("health/", health.show, name="health"),
    path("words.js", JavaScriptCatalog.as_view(), name="words"),
    path("accounts/", include("allauth.urls")),
    path("", include("pipeline_crm.accounts.urls")),
    path("", include("pipeline_crm.jobs.urls")),
    path("", include("leads.urls")),
    path("", include("leads.marketing.urls")),
    path("", include("leads.directory.urls")),
    path("", include("deals.urls")),
    path("", include("analytics.urls")),
]
