"""Buckets of tokens in memory, with a clock that tests move."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.limits.categories import rates
from schemas.accounts import Act
from schemas.limits import Allowance, Ask, Taken, Used
from tests.unit.api.switch import Switch

RAISED = rates({"*": {"limit": 1_000_000, "burst": 1_000_000, "block": 0}})
"""For tests of everything else: they ask more in a second than anybody may in a minute."""


@dataclass
class Bucket:
    minute_ends: float = float("-inf")
    taken: int = 0
    second_ends: float = float("-inf")
    at_once: int = 0
    blocked_until: float | None = None


class FakeRates:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.switch = Switch()
        self.buckets: dict[tuple[str, str], Bucket] = {}
        self.questions: list[int] = []

    async def take(self, asks: Sequence[Ask]) -> list[Taken]:
        self.switch.check()
        self.questions.append(len(asks))
        return [self._one(ask) for ask in asks]

    def _one(self, ask: Ask) -> Taken:
        bucket, now = self.buckets.setdefault((ask.owner, ask.category), Bucket()), self.now
        if bucket.blocked_until is not None and bucket.blocked_until <= now:
            bucket.blocked_until, bucket.minute_ends = None, now
        if bucket.minute_ends <= now:
            bucket.minute_ends, bucket.taken = now + 60, 0
        if bucket.second_ends <= now:
            bucket.second_ends, bucket.at_once = now + 1, 0
        if bucket.blocked_until is not None or bucket.taken >= ask.limit:
            bucket.blocked_until = bucket.blocked_until or max(bucket.minute_ends, now + ask.block)
            return Taken(0, 0, bucket.blocked_until, "minute", bucket.blocked_until - now)
        left = ask.limit - bucket.taken
        if bucket.at_once >= ask.burst:
            return Taken(left, 0, bucket.minute_ends, "burst", bucket.second_ends - now)
        bucket.taken, bucket.at_once = bucket.taken + 1, bucket.at_once + 1
        return Taken(left - 1, min(ask.burst - bucket.at_once, left - 1), bucket.minute_ends)

    async def sweep(self) -> None:
        full = [key for key, bucket in self.buckets.items()
                if bucket.minute_ends < self.now - 60 and (bucket.blocked_until or 0) < self.now]  # fmt: skip
        for key in full:
            del self.buckets[key]


def settings_of(config: dict[str, Any]) -> dict[str, Any]:
    """A test's configuration: with raised limits, unless it says otherwise."""
    return {"rates": RAISED, **config}


class FakeQuotas:
    def __init__(self) -> None:
        self.switch = Switch()
        self.users: dict[str, dict[str, int | None]] = {}
        self.acts: list[Act] = []

    async def standing(self, user_id: str) -> tuple[Allowance, Used] | None:
        self.switch.check()
        own = self.users.get(user_id)
        if own is None:
            return None
        numbers = {name: number for name, number in own.items() if number is not None and number >= 0}
        return Allowance(**numbers), Used(running_jobs=1, pages_today=20, stored_records=300)

    async def allow(self, user_id: str, allowance: dict[str, int | None], act: Act) -> bool:
        self.switch.check()
        if user_id not in self.users:
            return False
        self.users[user_id] = allowance
        self.acts.append(act)
        return True
