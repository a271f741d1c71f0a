"""How far a job is, and which jobs were given up."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from pipeline_crm.foundation.htmx import render_page
from pipeline_crm.foundation.permissions import acts_on, allows
from pipeline_crm.jobs.domain import retrying
from pipeline_crm.jobs.models import Job


@acts_on(Job)
@require_GET
@never_cache
def job(request: HttpRequest, job: Job) -> HttpResponse:
    """The page asks for its progress again each second until the job is finished."""
    return render_page(request, "jobs/job.html", {"job": job}, fragments=["progress"])


@allows("jobs.change_job")
@require_GET
def dead(request: HttpRequest) -> HttpResponse:
    context = {"jobs": Job.objects.visible_to(request.user).dead().select_related("by")[:200], "page": "jobs"}
    return render_page(request, "jobs/dead.html", context)


@acts_on(Job)
@allows("jobs.change_job")
@require_POST
def retrial(request: HttpRequest, job: Job) -> HttpResponse:
    retrying.retry(job, by=request.user, at=timezone.now())
    messages.success(request, _("The job is tried again."))
    return redirect("jobs:job", job.pk)
