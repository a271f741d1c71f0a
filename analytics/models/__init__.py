from .forecast_snapshot import ForecastOutcome, ForecastSnapshot
from .improvement import Improvement, Sighting
from .judgement import Judgement
from .recollection import Recollection
from .report_run import ReportRun
from .scenario import Scenario
from .step_block import StepBlock
from .target import Target

__all__ = [
    "ForecastOutcome",
    "ForecastSnapshot",
    "Improvement",
    "Judgement",
    "Recollection",
    "ReportRun",
    "Scenario",
    "Sighting",
    "StepBlock",
    "Target",
]
