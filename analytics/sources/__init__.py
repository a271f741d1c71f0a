"""The one window through which analytics looks at leads and deals: SQL in, a River out.

`as_of` is answered by what was known at the end of that day: by `recorded_at` for what was written here, by
`occurred_at` for an imported history, which its old system knew when it happened.
"""

from .heads import facts_head, log_head, origins_head, settings_digest
from .leads import Prospects, prospects
from .logs import settle
from .owners import owners, selling
from .pipelines import NoSuchPipeline, landmarks, open_stages, pipeline_named, today
from .promises import promises
from .recollections import forget
from .returns import Attempts, attempts
from .rivers import Reading, river

__all__ = [
    "Attempts",
    "NoSuchPipeline",
    "Prospects",
    "Reading",
    "attempts",
    "facts_head",
    "forget",
    "landmarks",
    "log_head",
    "open_stages",
    "origins_head",
    "owners",
    "pipeline_named",
    "promises",
    "prospects",
    "river",
    "selling",
    "settings_digest",
    "settle",
    "today",
]
