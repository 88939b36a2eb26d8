"""What open runs are told, and how they go on then, as v1 tells it."""

from pydantic import BaseModel, ConfigDict, Field, model_validator

from api.services.jobs import run_of
from api.services.progress import Status, phase_of, status_of
from api.shapes.jobs import pace
from schemas.ledger import Job
from schemas.priorities import Priority

_JOB = "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"
_RUN = "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f"


class StartBody(BaseModel):
    """How a run is to begin."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"force": False, "priority": "normal"}]})

    force: bool = Field(False, description="Although another run of the job is still open.")
    priority: Priority | None = Field(None, description="For this run, instead of the job's own.")


class RunChange(BaseModel):
    """What is to be different from now on; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"priority": "high", "delay": 0.5}]})

    priority: Priority | None = Field(None, description="Its share among its owner's runs at each host.")
    delay: float | None = Field(None, ge=0, le=3600, description="Seconds between two visits to one host.")

    @model_validator(mode="after")
    def _something(self) -> "RunChange":
        if self.priority is None and self.delay is None:
            raise ValueError("give priority, delay, or both")
        return self


class JobControlled(BaseModel):
    """How a job's newest run goes on after it was paused, resumed, stopped or changed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": _JOB,
                    "run_id": _RUN,
                    "status": "running",
                    "phase": "paused",
                    "stopped": False,
                    "priority": "normal",
                    "delay": 1.0,
                }
            ]
        }
    )

    job_id: str
    run_id: str
    status: Status
    phase: str
    stopped: bool
    priority: Priority
    delay: float


def controlled(job: Job) -> JobControlled:
    """The answer to whatever changed how a run goes on."""
    run = run_of(job)
    return JobControlled(
        job_id=job.id,
        run_id=run.id,
        status=status_of(run.state),
        phase=phase_of(run),
        **pace(job),
    )
