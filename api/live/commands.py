"""What may be commanded over `/ws`: the operations of `/api/v1/jobs/{job_id}/…` that say how a job's runs go on."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, field_validator

from api.errors import invalid, of_body
from schemas.priorities import Priority


class Command(BaseModel):
    """One command. `id` is the client's own: the same one again is the same command. `force` and `priority` are what
    a start over REST has in its body."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field(min_length=1, max_length=100)
    action: Literal["start", "stop", "pause", "resume", "cancel", "retry"]
    job_id: str = Field(min_length=1, max_length=100)
    force: bool = False
    priority: Priority | None = None

    @field_validator("force", "priority")
    @classmethod
    def _of_a_start(cls, value: Any, so_far: ValidationInfo) -> Any:
        if so_far.data.get("action", "start") != "start":
            raise ValueError("only a start takes this")
        return value


def read(said: Any) -> Command:
    """The command that stands in a frame's `data`. 422 names every field that is wrong."""
    if not isinstance(said, dict):
        raise invalid("data", "Say in `data` what to do: id, action and job_id.", "INVALID_TYPE")
    try:
        return Command.model_validate(said)
    except ValidationError as problem:
        raise of_body(problem) from None


def shown(said: Any) -> dict[str, str | None]:
    """What an answer repeats of a command, so that its client knows which one is meant; null for what was no text, or
    longer than it may be."""
    given = said if isinstance(said, dict) else {}
    named = {name: given.get(name) for name in ("id", "action", "job_id")}
    return {name: text if isinstance(text, str) and len(text) <= 100 else None for name, text in named.items()}
