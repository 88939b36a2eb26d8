"""What an account may have, and what it has."""

from pydantic import BaseModel, ConfigDict, Field

from schemas.limits import Allowance, Used

_MOST = 10**12


class QuotaNumber(BaseModel):
    """One quota: `limit` is null where there is none."""

    used: int
    limit: int | None


class QuotaBody(BaseModel):
    """Runs that are open, pages visited since 00:00 UTC, records that are stored."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "running_jobs": {"used": 2, "limit": 100},
                    "pages_a_day": {"used": 1840, "limit": 1000000},
                    "stored_records": {"used": 91022, "limit": None},
                }
            ]
        }
    )

    running_jobs: QuotaNumber
    pages_a_day: QuotaNumber
    stored_records: QuotaNumber


class QuotaWanted(BaseModel):
    """What an account shall have. null, or left out: what the settings say; -1: no limit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"running_jobs": 5, "pages_a_day": 20000, "stored_records": -1}]},
    )

    running_jobs: int | None = Field(None, ge=-1, le=100_000, description="Runs that may be open at once.")
    pages_a_day: int | None = Field(None, ge=-1, le=_MOST, description="Pages that may be visited in a day (UTC).")
    stored_records: int | None = Field(None, ge=-1, le=_MOST, description="Records that may be stored.")


def quota_body(allowance: Allowance, used: Used) -> QuotaBody:
    """The two side by side."""
    return QuotaBody(
        running_jobs=QuotaNumber(used=used.running_jobs, limit=allowance.running_jobs),
        pages_a_day=QuotaNumber(used=used.pages_today, limit=allowance.pages_a_day),
        stored_records=QuotaNumber(used=used.stored_records, limit=allowance.stored_records),
    )
