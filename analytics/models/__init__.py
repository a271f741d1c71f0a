from .report_run import ReportRun
from .target import Target

__all__ = ["ReportRun", "Target"]
