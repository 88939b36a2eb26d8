"""The job description, the one way to say what to scrape."""

from schemas.job.clean import Clean
from schemas.job.description import JobDescription
from schemas.job.extract import Extract, FieldSpec
from schemas.job.options import Freshness, Options, Render

__all__ = ["Clean", "Extract", "FieldSpec", "Freshness", "JobDescription", "Options", "Render"]
