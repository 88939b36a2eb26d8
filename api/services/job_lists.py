"""Lists of jobs: filtered, in an order, by cursor or by page."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from api.auth.callers import Caller
from api.errors import invalid
from api.ports import Jobs
from api.services.cursors import Page, cut, pack, unpack
from api.services.progress import STATES, StatusAsked
from schemas.ledger import Job, JobFilter, JobOrder

SortBy = Literal["created_at", "updated_at", "name", "status"]
Direction = Literal["asc", "desc"]

MAX_OFFSET = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wished:
    """What a list is to hold; None means any. `archived`: None for archived jobs too."""

    status: StatusAsked | None = None
    type: str | None = None
    text: str | None = None
    dataset: str | None = None
    enabled: bool | None = None
    archived: bool | None = False
    sort_by: SortBy = "created_at"
    direction: Direction | None = None


@dataclass(frozen=True, slots=True)
class Numbered:
    """A numbered page, counted from 1, of a list with `total` items."""

    items: list[Job]
    page: int
    per_page: int
    total: int


class JobLists:
    """The caller's jobs, or everyone's for an administrator."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def piece(self, caller: Caller, wished: Wished, cursor: str | None, limit: int) -> Page[Job]:
        """From a position on: nothing is missed or told twice while jobs come and go."""
        wanted, order = _filter(caller, wished), _order(wished)
        kind = f"{order.by} {'down' if order.down else 'up'}"
        position = unpack(cursor, (str, str, UUID))
        if position and position[0] != kind:
            raise invalid("cursor", "This cursor belongs to another order; begin that list without one.")
        after = (position[1], position[2]) if position else None
        found = cut(
            await self._jobs.page(wanted, order, after, limit + 1), limit, lambda row: pack(kind, row[1], row[0].id)
        )
        return Page([job for job, _ in found.items], found.next_cursor)

    async def numbered(self, caller: Caller, wished: Wished, page: int, per_page: int) -> Numbered:
        """One page by its number. ApiError 422 so far down that it would be read past everything before it for long."""
        offset = (page - 1) * per_page
        if offset > MAX_OFFSET:
            raise invalid("page", f"Pages end at item {MAX_OFFSET}; use `cursor`, or narrow the list.", "TOO_LARGE")
        wanted = _filter(caller, wished)
        found = await self._jobs.page(wanted, _order(wished), None, per_page, offset)
        return Numbered([job for job, _ in found], page, per_page, await self._jobs.count(wanted))


def _filter(caller: Caller, wished: Wished) -> JobFilter:
    return JobFilter(
        owner=caller.owner_filter,
        states=STATES[wished.status] if wished.status else None,
        type=wished.type,
        text=wished.text,
        dataset=wished.dataset,
        enabled=wished.enabled,
        archived=wished.archived,
    )


def _order(wished: Wished) -> JobOrder:
    """Times begin with the newest, words with a, unless it is said."""
    down = wished.sort_by.endswith("_at") if wished.direction is None else wished.direction == "desc"
    return JobOrder(by=wished.sort_by, down=down)
