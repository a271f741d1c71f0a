from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.domain import notifying
from pipeline_crm.accounts.models import Notification
from pipeline_crm.jobs.kinds import job_kind
from pipeline_crm.jobs.models import Job


@job_kind("accounts.mail_notification", title=_("Telling a colleague by mail"))
def mail_notification(job: Job, *, notification: int) -> dict[str, Any]:
    """Not sent once it is forgotten, or read in the meantime, or when the person has left."""
    told = Notification.objects.select_related("user").unread().filter(pk=notification, user__is_active=True).first()
    return {"sent": notifying.as_message(told).send() if told else 0}


@job_kind("accounts.tidy", title=_("Forgetting old notifications"))
def tidy(job: Job) -> dict[str, Any]:
    return {"notifications": notifying.tidy(at=timezone.now())}
