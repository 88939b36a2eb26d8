"""What a preview is asked with, and what is answered."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from schemas.job import Extract
from schemas.job.strings import Url
from schemas.previews import PreviewAnswer

_URL = "http://127.0.0.1:8090/product/plum-kettle/"


class PreviewBody(BaseModel):
    """A page that a run of the job has fetched, and the rules to try on it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"url": _URL, "extract": {"fields": {"name": {"css": "h1::text"}}}}]},
    )

    url: Url = Field(description="The page, as the job's URLs name it.")
    extract: Extract | None = Field(None, description="Rules in place of the job's.")

    @property
    def changes(self) -> dict[str, Any]:
        """The part of the job description that is different."""
        return {} if self.extract is None else {"extract": self.extract.model_dump(mode="json", exclude_unset=True)}


class ProblemBody(BaseModel):
    """A rule that cannot be used."""

    place: str = Field(description="Where it stands within extract, such as `fields.price.css`.")
    reason: str


class PreviewShown(BaseModel):
    """What the rules make of the newest stored copy of the page."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "found": True,
                    "run_id": "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f",
                    "fetched_at": "2026-01-05T10:30:00.000Z",
                    "records": [{"url": _URL, "name": "Plum kettle", "price": "£24.90"}],
                    "notes": [],
                    "problems": [],
                    "reason": "",
                    "elapsed_ms": 84.3,
                }
            ]
        }
    )

    found: bool = Field(description="There is a stored copy of the page.")
    run_id: str = Field(description="The run that fetched it; empty where none did.")
    fetched_at: str = Field(description="When (RFC 3339).")
    records: list[dict[str, Any]] = Field(description="As found, before cleaning; the first hundred.")
    notes: list[str] = Field(description="What was cut off.")
    problems: list[ProblemBody] = Field(description="Rules that cannot be used; then nothing was read.")
    reason: str = Field(description="Why there is no page, or why it could not be read; empty otherwise.")
    elapsed_ms: float = Field(description="Milliseconds that finding the stored copy and reading it took.")


def shown(answer: PreviewAnswer) -> PreviewShown:
    """The answer as v1 tells it."""
    return PreviewShown(
        found=answer.found,
        run_id=answer.run_id,
        fetched_at=answer.fetched_at,
        records=answer.records,
        notes=answer.notes,
        problems=[ProblemBody(place=each.place, reason=each.reason) for each in answer.problems],
        reason=answer.reason,
        elapsed_ms=answer.elapsed_ms,
    )
