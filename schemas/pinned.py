"""A run as extraction may rely on it."""

from dataclasses import dataclass

from schemas.job import JobDescription


@dataclass(frozen=True, slots=True, kw_only=True)
class PinnedRun:
    """The pinned side of a run: what extraction may rely on not changing. `whole_run` is the job's newest run that had
    read everything when this one was made, empty where there is none; None where nobody needs to know."""

    id: str
    job_id: str
    dataset: str
    description: JobDescription
    revision: int = 1
    whole_run: str | None = None
