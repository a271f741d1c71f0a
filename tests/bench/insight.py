"""How long Insight needs for a large pipeline, from PostgreSQL to the facts of each page: `make bench`, or with another
number of steps `python -m tests.bench.insight 10_000_000`.

The pipeline is that of `planting`: steps of deals and of their leads, so many together, a few of them corrected later.
`loading` is all that is read and put in order, once for every page: from the log alone, and as it is when the log is
packed, which an hourly job does. Behind each page's name stands what that page computes then. A forecast is worked out
the first time, and on the next evening, when what the past ones came to is known.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

STEPS = 1_000_000
OF_DEALS = 0.59  # of all steps; the others are their leads'
PAGES = ("river", "bottleneck", "cycle_time", "losses")
ROUNDS = 3
LINE = "{:<34} {:>8}"


def main(steps: int = STEPS) -> None:
    import numpy as np

    from analytics import catalogue, sources
    from analytics.selection import Selection
    from tests.bench import planting

    began = time.perf_counter()
    planted = planting.plant(round(steps * OF_DEALS))
    took = time.perf_counter() - began
    print(
        f"Insight on {planted.steps + planted.lead_steps:,} steps, {planted.steps:,} of {planted.deals:,} deals and "
        f"{planted.lead_steps:,} of their leads (written in {took:.0f} s); seconds, the best of {ROUNDS}",
        flush=True,
    )
    selection = Selection(planted.pipeline.pk, planted.as_of)
    _best("loading from the log", lambda: sources.river(selection))
    _best("packing the log, once", sources.settle, rounds=1)
    _best("packing what is new: nothing", sources.settle)
    loading, river = _best("loading", lambda: sources.river(selection))
    spent = []
    for name in PAGES:
        compute = catalogue.REPORTS[name].compute
        took, _facts = _best(name, lambda compute=compute: compute(river, selection, np.random.default_rng(1)))
        spent.append(took)
    print(LINE.format("loading and the slowest page", f"{loading + max(spent):.2f}"))
    print(LINE.format("loading and all of them", f"{loading + sum(spent):.2f}"), flush=True)
    forecast = catalogue.REPORTS["forecast"].compute
    before = Selection(planted.pipeline.pk, planted.as_of - timedelta(days=1))
    known = sources.river(before)
    _best("forecast, the first time", lambda: forecast(known, before, np.random.default_rng(1)), rounds=1)
    _best("forecast of the next evening", lambda: forecast(river, selection, np.random.default_rng(1)), rounds=1)


def _best(name: str, act: Callable[[], Any], *, rounds: int = ROUNDS) -> tuple[float, Any]:
    seconds, answer = [], None
    for _round in range(rounds):
        began = time.perf_counter()
        answer = act()
        seconds.append(time.perf_counter() - began)
    print(LINE.format(name, f"{min(seconds):.2f}"), flush=True)
    return min(seconds), answer


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
