"""Who is told what of a job."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from schemas.job.strings import Strict
from schemas.mail import check_address

Address = Annotated[str, Field(max_length=254), AfterValidator(check_address)]


def _several(value: Any) -> Any:
    """One address is short for a list of one."""
    return [value] if isinstance(value, str) else value


Addresses = Annotated[list[Address], BeforeValidator(_several), Field(max_length=20)]


class TrendNotice(Strict):
    """Who is told of trends, and of which. A list of addresses in its place is all trends for those."""

    to: Addresses = Field(default_factory=list, description="E-mail addresses.")
    kinds: list[Literal["spike", "shift"]] = Field(
        default_factory=list, max_length=2, description="Only of these kinds; none: of both."
    )
    min_confidence: float = Field(0.0, ge=0, le=1, description="Only trends that are as sure as that (0–1).")

    @model_validator(mode="before")
    @classmethod
    def _addresses_alone(cls, value: Any) -> Any:
        return {"to": value} if isinstance(value, str | list) else value


class Notifications(Strict):
    """Mail to addresses and posts to webhooks, when a run ends and when something is noticed."""

    on_success: Addresses = Field(default_factory=list, description="A run has completed.")
    on_failure: Addresses = Field(default_factory=list, description="A run has failed.")
    on_trend: TrendNotice = Field(default_factory=lambda: TrendNotice.model_validate({}))
    on_change: Addresses = Field(
        default_factory=list, description="Records are new, changed or gone; needs `trends.memory`."
    )
    webhooks: list[UUID] = Field(
        default_factory=list,
        max_length=20,
        description="Ids of webhooks (`POST /api/v1/webhooks`) that are told of this job, beside those of all jobs.",
    )
