"""Every page of Insight, as people, paper and files get it."""

import re
import warnings
from html import unescape
from urllib.parse import urlencode

from django.utils import timezone

from analytics import caching
from analytics.catalogue import REPORTS
from pipeline_crm.jobs.domain import running
from pipeline_crm.jobs.models import Job

RAW = re.compile(r"[{}]|\bNone\b(?! is set)|\b(nan|inf)\b|%\(")
PAGES = (*(f"/insight/{name}/" for name in REPORTS), "/insight/what-if/")


def told(client, **asked) -> dict[str, str]:
    """What each report says from top to bottom, of what is asked; nothing may warn, and nothing raw is shown."""
    query = f"?{urlencode(asked)}" if asked else ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for path in PAGES:
            client.get(path + query)
        for job in Job.objects.filter(kind=caching.KIND, state="waiting"):
            running.run(job.pk, clock=timezone.now)
        assert not Job.objects.filter(kind=caching.KIND).exclude(state="done").exists()
        assert client.get(f"/insight/what-if/{query}").status_code == 200
        said = {name: _words(client.get(f"/insight/{name}/{query}")) for name in REPORTS}
        for name in REPORTS:
            for way in ("/printed/", ".csv", ".json"):
                answer = client.get(f"/insight/{name}{way}{query}")
                assert answer.status_code == 200, f"{name}{way}: {answer.status_code}"
    for name, words in said.items():
        if raw := RAW.search(words):
            raise AssertionError(f"{name}: {words[max(0, raw.start() - 60) :][:120]}")
    return said


def _words(page) -> str:
    assert page.status_code == 200
    report = page.content.decode().split('<div class="insight"')[1].split('<pre id="figures"')[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", report.split("</details>")[0])).split())
