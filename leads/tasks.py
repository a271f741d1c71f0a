from functools import partial

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pipeline_crm.jobs.kinds import BULK, job_kind

from .domain import collecting, offering, recognising, recycling, scoring
from .domain.contacting import broadcasting, fetching, mailing, segmenting, sequencing
from .marketing import segments
from .models import Batch, Capture, Lead, Mail, Mailing, Segment


@job_kind("leads.wake_due", title=_("Waking leads whose day has come"))
def wake_due(job):
    """Committed every few hundred leads; begun anew it goes on with those that still wait."""
    at, woken = timezone.now(), 0
    while some := recycling.wake_some(at=at):
        woken += some
        job.set_progress(woken, woken)
        yield
    return {"woken": woken}


@job_kind("leads.send_mail", title=_("Sending a mail"))
def send_mail(job, *, mail: int):
    """Handing over stands between two commits, so that a worker that ends in between leaves a trace."""
    letter = Mail.objects.select_related("lead__owner", "lead__organisation", "person", "consent").get(pk=mail)
    if mailing.begin(letter, job=job.pk, at=timezone.now()):
        yield
        outcome = mailing.hand_over(letter)
        mailing.record(letter, outcome, at=timezone.now())
    return {"state": letter.state, "may_be_twice": letter.may_be_twice}


@job_kind(fetching.JOB, title=_("Reading the mailbox"))
def read_mailbox(job):
    """Committed after each mail. A mailbox that cannot be read is no fault of the job: it is said where answers are."""
    fates: dict[str, int] = {}
    try:
        for fates in fetching.read_new(at=timezone.now()):
            job.set_progress(sum(fates.values()), sum(fates.values()))
            yield
    except fetching.MailboxTrouble as trouble:
        return {**fates, "problem": str(trouble)}
    return {**fates, "problem": ""}


@job_kind("leads.run_cadences", title=_("Taking the due steps of cadences"))
def run_cadences(job):
    """Committed every few leads; begun anew it goes on with those that are left."""
    looked_at = 0
    for looked_at in sequencing.run_due(at=timezone.now()):
        job.set_progress(looked_at, looked_at)
        yield
    return {"looked_at": looked_at}


@job_kind("leads.ask_to_confirm", title=_("Asking a mailbox to confirm"))
def ask_to_confirm(job, *, capture: int) -> None:
    collecting.ask_to_confirm(Capture.objects.select_related("form").get(pk=capture))


@job_kind("leads.tidy_captures", title=_("Forgetting what no mailbox confirmed"))
def tidy_captures(job):
    """Committed every few hundred; begun anew it goes on with those that are left."""
    forgotten = 0
    while some := collecting.tidy(at=timezone.now()):
        forgotten += some
        job.set_progress(forgotten, forgotten)
        yield
    return {"forgotten": forgotten}


@job_kind("leads.score", title=_("Counting the points of a lead"))
def score(job, *, leads: list[int]):
    return {"changed": scoring.rescore(leads, at=timezone.now())}


@job_kind("leads.score_all", title=_("Counting the points of all leads"), queue=BULK)
def score_all(job):
    """Committed every few hundred leads; begun anew it counts once more, and writes what differs."""
    so_far = (0, 0)
    for so_far in scoring.rescore_all(at=timezone.now()):
        job.set_progress(so_far[0], so_far[0])
        yield
    return dict(zip(("seen", "changed"), so_far, strict=True))


@job_kind("leads.escalate_offers", title=_("Telling managers of leads that wait too long"))
def escalate_offers(job):
    """Committed after each lead; begun anew it goes on with those nobody was told of."""
    told = 0
    for told in offering.escalate(at=timezone.now()):
        job.set_progress(told, told)
        yield
    return {"told": told}


@job_kind("leads.recognise", title=_("Comparing who came in with those we have"), queue=BULK)
def recognise(job, *, batch: int):
    """Committed every hundred; begun anew it compares again, which writes nothing twice."""
    firsts, before = recognising.newcomers(Batch.objects.get(pk=batch))
    found = 0
    for n, lead in enumerate(Lead.objects.filter(pk__in=firsts).order_by("pk"), 1):
        found += len(recognising.suspect(lead, among=before, at=timezone.now()))
        if n % 100 == 0:
            job.set_progress(n, len(firsts))
            yield
    return {"compared": len(firsts), "found": found}


@job_kind("leads.run_segments", title=_("Putting leads of segments into cadences"), queue=BULK)
def run_segments(job):
    """Committed every few leads; begun anew it goes on with those that are left."""
    at, total = timezone.now(), 0
    for segment in Segment.objects.filter(archived_at=None).exclude(cadence=None).select_related("owner", "cadence"):
        if segments.is_blind(segment):
            continue  # nobody is put in, and nobody taken out for a reason that is none of theirs
        seen = 0
        for seen in segmenting.run(segment, partial(segments.members, segment, at=at), at=at):
            job.set_progress(total + seen, total + seen)
            yield
        total += seen
    return {"looked_at": total}


@job_kind("leads.write_mailing", title=_("Writing the mails of a mailing"), queue=BULK)
def write_mailing(job, *, mailing: int):
    """Committed every few leads; begun anew it goes on with those that are left."""
    mailed = Mailing.objects.select_related("segment__owner", "template", "by").get(pk=mailing)
    at, seen = timezone.now(), 0
    for seen in broadcasting.write(mailed, partial(segments.readers, mailed, at=at), at=at):
        job.set_progress(seen, seen)
        yield
    return {"looked_at": seen}
