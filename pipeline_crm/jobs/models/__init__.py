from pipeline_crm.jobs.models.job import Job

__all__ = ["Job"]
