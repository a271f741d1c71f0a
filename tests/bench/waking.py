"""Fifty thousand recycled leads whose day has come: how long one job needs to wake them, and what a kill in the middle
costs.

The second time the process that runs the job is killed and another one goes on with what is left. Nobody may be woken
twice, and nobody may be left asleep.
"""

import subprocess
import sys
import time
from datetime import timedelta

LEADS = 50_000


def main(count: int = LEADS) -> None:
    whole = fall_asleep(count)
    began = time.perf_counter()
    run(whole)
    print(f"waking {count:,} due leads: {time.perf_counter() - began:.1f} s in one job", flush=True)
    check(count)

    cut = fall_asleep(count)
    worker = subprocess.Popen([sys.executable, "-m", "tests.bench.waking", str(cut)])
    while woken(cut) < count // 3:
        time.sleep(0.2)
    worker.kill()
    worker.wait()
    before = woken(cut)
    let_the_lease_end(cut)
    began = time.perf_counter()
    run(cut)
    print(f"killed after {before:,}: the other {count - before:,} in {time.perf_counter() - began:.1f} s", flush=True)
    check(2 * count)


def fall_asleep(count: int) -> int:
    """So many leads more that wait for today; the id of the job that is to wake them."""
    from django.db import transaction
    from django.utils import timezone

    from leads.domain import _log
    from leads.models import Consent, Lead, Person, Recycling
    from pipeline_crm.foundation import ranks
    from pipeline_crm.foundation.loading import copy_in
    from pipeline_crm.jobs.domain import accepting
    from tests.factories import make_user

    now = timezone.now()
    owner = make_user()
    with transaction.atomic():
        people = [Person(name=f"Person {n}", email=f"p{n}.{owner.pk}@bench.example") for n in range(count)]
        copy_in(people)
        copy_in(Consent(person=one, purpose="offers", basis="consent", channel="hand", at=now) for one in people)
        days = (("generation", 90), ("accepted", 80), ("waiting", 60))
        steps = [_log.Step(to=to, at=now - timedelta(days=ago), by=owner) for to, ago in days]
        leads = [
            Lead(person=one, owner=owner, rank=rank, currency="EUR", attempt=2, contact_again_on=now.date())
            for one, rank in zip(people, ranks.many(count), strict=True)
        ]
        _log.write_histories([(lead, steps) for lead in leads])
        back = {"seq": 3, "attempt": 1, "reason": "Timing", "currency": "EUR", "contact_again_on": now.date()}
        copy_in(Recycling(lead=lead, by=owner, at=now, **back) for lead in leads)
        return accepting.accept("leads.wake_due", key=f"bench {owner.pk}", at=now).pk


def run(job: int) -> None:
    from django.utils import timezone

    from pipeline_crm.jobs.domain import running

    assert running.run(job, clock=timezone.now) == "done"


def woken(job: int) -> int:
    from pipeline_crm.jobs.models import Job

    return Job.objects.values_list("progress_done", flat=True).get(pk=job)


def let_the_lease_end(job: int) -> None:
    """What the sweeper waits for, without waiting."""
    from django.utils import timezone

    from pipeline_crm.jobs.models import Job

    Job.objects.filter(pk=job).update(lease_until=timezone.now())


def check(count: int) -> None:
    from django.db.models import Count

    from leads.models import Lead, LeadActivity, LeadEvent

    steps = LeadEvent.objects.filter(to_stage="nurturing", source="schedule").values("card").annotate(n=Count("pk"))
    awake, twice = len(steps), sum(1 for one in steps if one["n"] > 1)
    tasks = LeadActivity.objects.filter(subject="Contact again").values("lead").distinct().count()
    asleep = Lead.objects.filter(person__email__endswith="@bench.example", stage="waiting").count()
    print(f"  {awake:,} awake, {twice} twice, {asleep} left asleep, {tasks:,} with a task", flush=True)
    assert (awake, twice, asleep, tasks) == (count, 0, 0, count)


if __name__ == "__main__":
    import os

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipeline_crm.settings")
    import django

    django.setup()
    run(int(sys.argv[1]))
