"""Records from outside: what is said beside them, and what is answered."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from schemas.events.records import CleanRules, FieldRule, FieldType
from schemas.job import Clean
from schemas.job.strings import Dataset, FieldName, Strict
from schemas.job.trends import Trends

_RUN = "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f"
_JOB = "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"


class UploadField(Strict):
    """What a field is. In short: its type."""

    type: FieldType = "text"
    required: bool = False
    default: Any = None


class UploadHead(Strict):
    """The dataset, and how its records are cleaned; without a word they are kept as they are, tidied."""

    dataset: Dataset = Field(description="Where the records go.")
    key: list[FieldName] = Field(default_factory=list, max_length=5, description="Fields that tell records apart.")
    fields: dict[FieldName, UploadField] = Field(default_factory=dict, max_length=200)
    filters: dict[str, Any] = Field(default_factory=dict, max_length=50)
    clean: Clean = Field(default_factory=lambda: Clean.model_validate({}))
    trends: Trends = Field(default_factory=lambda: Trends.model_validate({}))
    memory: bool = Field(False, description="Short for `memory` of `trends`.")

    @field_validator("key", mode="before")
    @classmethod
    def _one_key(cls, value: Any) -> Any:
        return [name for name in value.split(",") if name] if isinstance(value, str) else value

    @field_validator("fields", mode="before")
    @classmethod
    def _types(cls, value: Any) -> Any:
        """`price:price,added:date`, or a type for a field."""
        if isinstance(value, str):
            value = dict(pair.partition(":")[::2] for pair in value.split(",") if pair)
        if isinstance(value, dict):
            return {name: {"type": rule} if isinstance(rule, str) else rule for name, rule in value.items()}
        return value

    @field_validator("trends")
    @classmethod
    def _nothing_is_gone(cls, value: Trends) -> Trends:
        if any(rule.when == "gone" for rule in value.rules):
            raise ValueError("no rule `gone`: whether an upload holds everything nobody knows")
        return value

    @model_validator(mode="after")
    def _cleaning_fits(self) -> "UploadHead":
        types: dict[str, FieldType] = {name: rule.type for name, rule in self.fields.items()}
        problems = list(self.clean.problems(types or None))
        if problems:
            raise ValueError("; ".join(problems[:20]))
        return self

    def rules(self) -> CleanRules:
        """As they travel with the records."""
        fields = {
            name: FieldRule(type=rule.type, required=rule.required, default=rule.default)
            for name, rule in self.fields.items()
        }
        fields |= self.clean.added_rules(fields)
        trends = self.trends.model_copy(update={"memory": True}) if self.memory else self.trends
        return CleanRules(
            fields=fields,
            key=self.key,
            filters=self.filters,
            pipelines=self.clean.as_rules(),
            trends=trends.as_rules(),
        )


class LineFault(BaseModel):
    """Why one line, counted from 1, is no record."""

    line: int
    message: str


class UploadAccepted(BaseModel):
    """The records go their way; `links.self` tells how far they are. `errors` names the first 100 of the `rejected`."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": _JOB,
                    "run_id": _RUN,
                    "dataset": "shop-suppliers",
                    "accepted": 2,
                    "rejected": 1,
                    "errors": [{"line": 3, "message": "It must be an object with at least one field."}],
                    "links": {"self": f"/api/v1/jobs/{_JOB}", "records": f"/api/v1/jobs/{_JOB}/records"},
                }
            ]
        }
    )

    job_id: str
    run_id: str
    dataset: str
    accepted: int
    rejected: int
    errors: list[LineFault]
    links: dict[str, str]
