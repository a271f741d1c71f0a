"""Is the river running? Asked by Docker, load balancers and people."""

from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import JsonResponse
from django.views.decorators.cache import never_cache


@never_cache
@login_not_required
def show(request):
    """200 when the database answers a real query, else 503. Says nothing about the data."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Exception:
        return JsonResponse({"database": "away"}, status=503)
    return JsonResponse({"database": "here"})


show.policy = "public"
