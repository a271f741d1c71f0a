"""The WSGI application: every page; live updates need asgi.py."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipeline_crm.settings")
os.environ.setdefault("ROLE", "web")

from django.core.wsgi import get_wsgi_application

from pipeline_crm.foundation.encoding import Utf8Request

application = get_wsgi_application()
application.request_class = Utf8Request
