from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pipeline_crm.accounts.models import User
from pipeline_crm.jobs.kinds import BULK, job_kind

from .domain import importing


@job_kind("import", title=_("Import"), queue=BULK)
def import_file(job, *, file: str, mapping: str | dict, pipeline: str | None = None, by: int | None = None) -> dict:
    """Bring the file's deals in; the result holds the counts and each rejected line's reason."""
    found = importing.load(mapping) if isinstance(mapping, str) else importing.from_json(mapping)
    user = User.objects.get(pk=by) if by else None
    outcome = importing.run(file, found, by=user, at=timezone.now(), pipeline=pipeline, progress=job.set_progress)
    return outcome.as_json()
