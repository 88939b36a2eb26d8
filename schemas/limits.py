"""How often and how much somebody may ask: what the gateway asks its store, and what it hears."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Ask:
    """One request that wants a token of `owner`'s bucket of a category: `limit` a minute, `burst` a second, and a block
    of `block` seconds for whoever asks for more than the minute has."""

    owner: str
    category: str
    limit: int
    burst: int
    block: int


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of it: what is left of the minute and of the second, and when (epoch seconds) the minute's bucket is
    full again. A request that is refused took nothing, and may come back after `retry` seconds."""

    remaining: int
    burst_remaining: int
    reset: float
    refused: Literal["", "minute", "burst"] = ""
    retry: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What an account may have at once, each day and altogether; None is no limit."""

    running_jobs: int | None = None
    pages_a_day: int | None = None
    stored_records: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What of it is used: runs that are open, pages that were visited since 00:00 UTC, records that are stored."""

    running_jobs: int = 0
    pages_today: int = 0
    stored_records: int = 0


class OwnerGone(Exception):
    """The account that owns a job was removed: nothing of it runs any more."""


class QuotaSpent(Exception):
    """An account has had what it may have: `quota` names which, `limit` and `used` how much."""

    def __init__(self, quota: str, limit: int, used: int) -> None:
        super().__init__(f"{quota}: {used} of {limit}")
        self.quota = quota
        self.limit = limit
        self.used = used
