"""How long Insight needs for a large pipeline, from PostgreSQL to the facts of each page: `make bench`, or with another
number of steps `python -m tests.bench.insight 10_000_000`.

The pipeline is that of `planting`: steps of deals beside those of their leads, a few of them corrected later. `loading`
is all that is read and put in order, once for every page; behind each page's name stands what that page computes then.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = 1_000_000
PAGES = ("river", "bottleneck", "cycle_time", "losses")
ROUNDS = 3
LINE = "{:<34} {:>8}"


def main(steps: int = STEPS) -> None:
    import numpy as np

    from analytics import catalogue, sources
    from analytics.selection import Selection
    from tests.bench import planting

    began = time.perf_counter()
    planted = planting.plant(steps)
    took = time.perf_counter() - began
    print(
        f"Insight on {planted.steps:,} steps of {planted.deals:,} deals, and {planted.lead_steps:,} of leads "
        f"(written in {took:.0f} s); seconds, the best of {ROUNDS}",
        flush=True,
    )
    selection = Selection(planted.pipeline.pk, planted.as_of)
    river = _best("loading", lambda: sources.river(selection))
    for name in PAGES:
        compute = catalogue.REPORTS[name].compute
        _best(name, lambda compute=compute: compute(river, selection, np.random.default_rng(1)))


def _best(name: str, act: Callable[[], Any]) -> Any:
    seconds, answer = [], None
    for _round in range(ROUNDS):
        began = time.perf_counter()
        answer = act()
        seconds.append(time.perf_counter() - began)
    print(LINE.format(name, f"{min(seconds):.2f}"), flush=True)
    return answer


def alone(steps: int) -> None:
    """On servers of its own, which end with it."""
    folder = tempfile.mkdtemp(prefix="pipeline-bench-")
    os.chmod(folder, 0o755)
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ |= {"VAR": folder, "EVALUATION": "1", "DJANGO_SETTINGS_MODULE": "pipeline_crm.settings"}
    from pipeline_crm import embedded

    servers = embedded.Servers(Path(folder))
    servers.start_or_join()
    try:
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        main(steps)
    finally:
        servers.stop()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    alone(int(sys.argv[1]) if len(sys.argv) > 1 else STEPS)
