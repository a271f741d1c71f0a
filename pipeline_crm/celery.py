"""Celery carries wake-ups: a message says "look at job 17", the job row in PostgreSQL says what is to be done."""

import os
import signal

from celery import Celery
from celery.signals import worker_process_init

from pipeline_crm import env
from pipeline_crm.processes import die_with

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pipeline_crm.settings")

app = Celery("pipeline_crm")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

OFTEN = 60.0  # the period's row is there or not: ringing often makes up a missed tick and repeats nothing

# What happens by itself: (name, when, task, arguments). Periodic work becomes a job row of its period, so a second beat
# or a repeated tick finds the row already there, and a missed one is made up at the next tick.
SCHEDULE = [
    ("Publish jobs that are due or whose worker died", 15.0, "jobs.sweep", []),
    ("Wake leads whose contact-again date has come", OFTEN, "pipeline_crm.begin_period", ["leads.wake_due", "hour"]),
    ("Take the due steps of cadences", OFTEN, "pipeline_crm.begin_period", ["leads.run_cadences", "hour"]),
    ("Put leads of segments into cadences", OFTEN, "pipeline_crm.begin_period", ["leads.run_segments", "hour"]),
    ("Count the points of all leads", OFTEN, "pipeline_crm.begin_period", ["leads.score_all", "day"]),
    ("Tell managers whose answers are late", OFTEN, "pipeline_crm.begin_period", ["leads.escalate_offers", "hour"]),
    ("Pack the log for reports", OFTEN, "pipeline_crm.begin_period", ["analytics.settle", "hour"]),
    ("Learn stage norms from the log", OFTEN, "pipeline_crm.begin_period", ["analytics.learn_norms", "hour"]),
    ("Learn what becomes of open deals", OFTEN, "pipeline_crm.begin_period", ["analytics.foresee", "hour"]),
    ("Write down what came of judgements", OFTEN, "pipeline_crm.begin_period", ["analytics.grade_judgements", "day"]),
    ("Learn when to ask again after a loss", OFTEN, "pipeline_crm.begin_period", ["analytics.learn_retries", "day"]),
    ("Learn which leads become deals", OFTEN, "pipeline_crm.begin_period", ["analytics.learn_chances", "day"]),
    ("Keep what is forecast, and grade what has come", OFTEN, "pipeline_crm.begin_period", ["analytics.record", "day"]),
    ("Tell managers of bottlenecks that come or go", OFTEN, "pipeline_crm.begin_period", ["analytics.watch", "day"]),
    ("Write to managers what Insight found", OFTEN, "pipeline_crm.begin_period", ["analytics.weekly", "hour"]),
    ("Forget what people were told three months ago", OFTEN, "pipeline_crm.begin_period", ["accounts.tidy", "day"]),
    ("Forget forms that no mailbox confirmed", OFTEN, "pipeline_crm.begin_period", ["leads.tidy_captures", "day"]),
    ("Forget jobs done a month ago", OFTEN, "pipeline_crm.begin_period", ["jobs.tidy", "day"]),
]
if env.text("IMAP_HOST"):
    SCHEDULE.append(("Read the mailbox", OFTEN, "pipeline_crm.begin_period", ["leads.read_mailbox", "five minutes"]))
app.conf.beat_schedule = {
    name: {"task": task, "schedule": when, "args": arguments, "options": {"expires": 60}}
    for name, when, task, arguments in SCHEDULE
}


@worker_process_init.connect
def end_with_the_worker(**_):
    """A pool process whose worker was killed must not work on: its job's lease passes to another."""
    die_with(os.getppid(), signal.SIGKILL)
