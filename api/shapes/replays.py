"""What a replay is asked with, and what is answered."""

from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from api.shapes.jobs import HEAD, JobAccepted, accepted
from schemas.job import Extract
from schemas.job.clean import Clean
from schemas.job.strings import Pattern
from schemas.ledger import PagesWanted, Run

_EXAMPLE: dict[str, Any] = {
    "match": "/product/",
    "extract": {
        "items": "article.product",
        "fields": {
            "sku": {"css": "::attr(data-sku)", "required": True},
            "price": {"css": ".price::text", "type": "price"},
            "stock": {"css": ".stock::text", "type": "number"},
        },
        "key": ["sku"],
    },
}


class ReplayBody(BaseModel):
    """Which stored pages, and by which rules; what is left out is the job's own."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    run_id: str | None = Field(
        None, max_length=100, description="Pages of this crawl; by default the newest completed."
    )
    since: AwareDatetime | None = Field(None, description="Pages that any crawl of the job read from then on.")
    until: AwareDatetime | None = Field(None, description="Pages that were read up to then.")
    match: Pattern | None = Field(None, description="Only pages in whose URL this regular expression is found.")
    extract: Extract | None = Field(None, description="Rules in place of the job's.")
    clean: Clean | None = Field(None, description="Cleaning in place of the job's.")
    filters: dict[str, Any] | None = Field(None, max_length=50, description="Filters in place of the job's.")

    @model_validator(mode="after")
    def _a_span(self) -> "ReplayBody":
        if self.since and self.until and self.since > self.until:
            raise ValueError("since is later than until")
        return self

    @property
    def wanted(self) -> PagesWanted:
        """The pages."""
        return PagesWanted(run_id=self.run_id, since=self.since, until=self.until, pattern=self.match or "")

    @property
    def changes(self) -> dict[str, Any]:
        """The parts of the job description that are different."""
        return {
            name: part if isinstance(part, dict) else part.model_dump(mode="json", exclude_unset=True)
            for name in ("extract", "clean", "filters")
            if (part := getattr(self, name)) is not None
        }


class ReplayAccepted(JobAccepted):
    """A replay was opened; it is begun within a second. It is the job's newest run from now on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**HEAD, "status": "queued", "revision": 2}]})

    revision: int = Field(description="The revision of the dataset that its records are; a crawl writes the first.")


def replayed(name: str, run: Run) -> ReplayAccepted:
    """The answer to an opened replay."""
    return ReplayAccepted(**accepted(name, run).model_dump(), revision=run.revision)
