from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pipeline_crm.jobs.kinds import job_kind

from .domain import recycling


@job_kind("leads.wake_due", title=_("Waking leads whose day has come"))
def wake_due(job) -> dict:
    return {"woken": recycling.wake_due(at=timezone.now())}
