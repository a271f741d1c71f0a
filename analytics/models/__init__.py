from .report_run import ReportRun

__all__ = ["ReportRun"]
