"""The front door: live updates are plain ASGI, everything else is Django over WSGI in a few threads."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipeline_crm.settings")
os.environ.setdefault("ROLE", "web")

from django.core.wsgi import get_wsgi_application

pages = get_wsgi_application()  # sets Django up; what follows may import models

from a2wsgi import WSGIMiddleware
from django.conf import settings

from pipeline_crm import listeners
from pipeline_crm.foundation.encoding import Utf8Request
from pipeline_crm.foundation.live import Live
from pipeline_crm.spooling import Spooled

pages.request_class = Utf8Request
live = Live(settings.DATABASE_URL, listeners.session_key, listeners.viewers)
django = Spooled(WSGIMiddleware(pages, workers=settings.WEB_THREADS), largest=settings.LARGEST_BODY)


async def application(scope, receive, send):
    if scope["type"] == "http":
        app = live if scope["path"] == "/live/" and scope["method"] == "GET" else django
        await app(scope, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})
    elif scope["type"] == "lifespan":
        await _live_through(receive, send)


async def _live_through(receive, send):
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
