"""The system's own state as v1 tells it."""

from pydantic import BaseModel, ConfigDict, Field

from api.config import VERSION
from api.services.health import Health

NO_MAIL = "Mail is not configured (TRAWL_SMTP_URL): nobody is notified by mail, and no link to a new password is sent."


class DependencyBody(BaseModel):
    """A store: `up` or `down`, and how fast it answered."""

    status: str
    latency_ms: float
    why: str


class ProcessBody(BaseModel):
    """A process as its supervisor sees it; `why` says why it is not running."""

    state: str
    restarts: int
    why: str


class BehindBody(BaseModel):
    """A stage that is behind: messages that wait for it, and for how long the oldest has."""

    stage: str
    topic: str
    messages: int
    seconds: float


class HealthBody(BaseModel):
    """`healthy`; `degraded` when a process is missing or behind; `unhealthy` when a store does not answer."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "status": "healthy",
                    "version": VERSION,
                    "uptime_seconds": 3600.0,
                    "dependencies": {"postgres": {"status": "up", "latency_ms": 0.6, "why": ""}},
                    "processes": {"fetch": {"state": "running", "restarts": 0, "why": ""}},
                    "behind": [],
                    "notes": [],
                }
            ]
        }
    )

    status: str
    version: str
    uptime_seconds: float
    dependencies: dict[str, DependencyBody]
    processes: dict[str, ProcessBody]
    behind: list[BehindBody] = []
    notes: list[str] = Field([], description="What is switched off here; nothing is wrong because of it.")


class VersionBody(BaseModel):
    """What runs here."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "trawl", "version": VERSION, "api_versions": ["v1", "v2"]}]}
    )

    name: str
    version: str
    api_versions: list[str]


class PingBody(BaseModel):
    """It answers."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"ping": "pong", "time": "2026-01-05T10:30:00.000Z"}]})

    ping: str
    time: str


def health_body(health: Health, *, logs: bool) -> HealthBody:
    """The one health check, flat. Without `logs` nothing in it comes from a process's log."""
    return HealthBody(
        status=health.status,
        version=VERSION,
        uptime_seconds=health.uptime_seconds,
        dependencies={
            name: DependencyBody(status="up" if found.up else "down", latency_ms=found.latency_ms, why=found.why)
            for name, found in health.dependencies.items()
        },
        processes={
            name: ProcessBody(
                state=process.state, restarts=process.restarts, why=process.why if logs else process.ending
            )
            for name, process in health.processes.items()
        },
        behind=[
            BehindBody(stage=lag.stage, topic=lag.topic, messages=lag.messages, seconds=round(lag.seconds, 1))
            for lag in health.behind
        ],
        notes=[] if health.mail else [NO_MAIL],
    )
