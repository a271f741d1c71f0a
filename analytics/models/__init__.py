from .improvement import Improvement, Sighting
from .report_run import ReportRun
from .target import Target

__all__ = ["Improvement", "ReportRun", "Sighting", "Target"]
