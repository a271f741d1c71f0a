"""Is the river running? Asked by Docker, load balancers, the supervisor and people."""

from datetime import datetime, timedelta

from django.db import DatabaseError
from django.db.models import Q
from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache

from pipeline_crm.foundation.permissions import public
from pipeline_crm.jobs.models import Job

TOO_LONG = timedelta(minutes=2)


@public
@never_cache
def show(request):
    """200 when the database answers, else 503. "jobs" says whether accepted work is being done, nothing about it."""
    try:
        return JsonResponse({"database": "here", "jobs": "stuck" if are_jobs_stuck(timezone.now()) else "flowing"})
    except (DatabaseError, OSError):
        return JsonResponse({"database": "away"}, status=503)


def are_jobs_stuck(at: datetime) -> bool:
    """Work has been waiting for two minutes, and in these two minutes no worker began, held or finished any."""
    lately = Q(started_at__gt=at - TOO_LONG) | Q(finished_at__gt=at - TOO_LONG) | Q(lease_until__gt=at)
    return Job.objects.claimable(at - TOO_LONG).exists() and not Job.objects.filter(lately).exists()
