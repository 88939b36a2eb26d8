"""Buckets of tokens in memory, with a clock that tests move."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import floor
from typing import Any

from api.limits.categories import rates
from schemas.accounts import Act
from schemas.limits import Allowance, Ask, Taken, Used
from tests.unit.api.switch import Switch

RAISED = rates({"*": {"limit": 1_000_000, "burst": 1_000_000, "block": 0}})
"""For tests of everything else: they ask more in a second than anybody may in a minute."""


@dataclass
class Bucket:
    """The policy by itself: when (in whole seconds, and tenths of one) each token was taken that has not come back."""

    seconds: list[int] = field(default_factory=list)
    tenths: list[int] = field(default_factory=list)
    blocked_until: float | None = None

    def take(self, ask: Ask, now: float) -> Taken:
        self.seconds = [second for second in self.seconds if second + 60 > floor(now)]
        self.tenths = [tenth for tenth in self.tenths if tenth + 10 > floor(now * 10)]
        if self.blocked_until is not None and self.blocked_until <= now:
            self.blocked_until = None
        left = ask.limit - len(self.seconds)
        if self.blocked_until is not None or left <= 0:
            back = self.blocked_until or self.seconds[0] + 60
            if self.blocked_until is None and ask.block:
                back = self.blocked_until = max(back, now + ask.block)
            return Taken(0, 0, back, "minute", back - now)
        if len(self.tenths) >= ask.burst:
            return Taken(left, 0, self.seconds[-1] + 60, "burst", (self.tenths[0] + 10) / 10 - now)
        self.seconds.append(floor(now))
        self.tenths.append(floor(now * 10))
        return Taken(left - 1, min(ask.burst - len(self.tenths), left - 1), floor(now) + 60)


class FakeRates:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0
        self.switch = Switch()
        self.buckets: dict[tuple[str, str], Bucket] = {}
        self.questions: list[int] = []

    async def take(self, asks: Sequence[Ask]) -> list[Taken]:
        self.switch.check()
        self.questions.append(len(asks))
        return [self.buckets.setdefault((ask.owner, ask.category), Bucket()).take(ask, self.now) for ask in asks]

    async def sweep(self) -> None:
        full = [key for key, bucket in self.buckets.items()
                if bucket.seconds[-1] + 60 <= self.now and (bucket.blocked_until or 0) <= self.now]  # fmt: skip
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
