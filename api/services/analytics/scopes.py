"""Which records a question is about, and which of them its caller may see."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from api.auth.callers import Caller
from api.errors import invalid, not_found
from api.ports import Jobs
from api.services.choosing import conditions
from api.shapes.analytics import RecordsAsked
from schemas.analysing import Clock, Scope
from schemas.moments import zoned

MOST_RUNS = 2000
"""Of so many newest runs into a dataset the records are looked at, for whoever does not see everything."""

_FEWER = f"Records of your newest {MOST_RUNS:,} runs into this dataset; older ones are left out."


async def scope_of(
    caller: Caller, jobs: Jobs, asked: RecordsAsked, clock: Clock = "fetched_at"
) -> tuple[Scope, list[str]]:
    """What the body means, with what is to be said of it. Whoever is no administrator sees the records of their own
    jobs' runs, and of none that was deleted. ApiError 404 where there is nothing of theirs in the dataset, 422 for
    what cannot be understood."""
    scope = Scope(
        dataset=asked.dataset,
        runs=None,
        where=tuple(conditions(asked.where)),
        job_id=_id("job_id", asked.job_id),
        run_id=_id("run_id", asked.run_id),
        revision=asked.revision,
        since=_moment("since", asked.since),
        until=_moment("until", asked.until),
        clock=clock,
    )
    if scope.since and scope.until and scope.since >= scope.until:
        raise invalid("until", "Give an `until` that is later than `since`.")
    if caller.sees_all:
        return scope, []
    runs = await jobs.newest_runs(owner=caller.user_id, dataset=asked.dataset, limit=MOST_RUNS + 1)
    if not runs:
        raise nothing_there(asked.dataset)
    return replace(scope, runs=tuple(sorted(runs[:MOST_RUNS]))), [_FEWER] if len(runs) > MOST_RUNS else []


def nothing_there(dataset: str) -> Exception:
    """404, for a dataset without records and for somebody else's."""
    return not_found(
        "dataset", f"You have no such records in the dataset {dataset}; GET /api/v1/jobs tells your datasets."
    )


def _id(field: str, text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return str(UUID(text))
    except ValueError:
        raise invalid(field, "This is no id; take it from GET /api/v1/jobs.") from None


def _moment(field: str, moment: datetime | None) -> datetime | None:
    if moment is None:
        return None
    try:
        return zoned(moment).astimezone(UTC)
    except OverflowError:
        raise invalid(field, "This moment is beyond what can be told in UTC.") from None
