"""How often somebody may ask, and how much somebody may have."""

from collections.abc import Sequence
from typing import Protocol

from schemas.accounts import Act
from schemas.limits import Allowance, Ask, Taken, Used


class Rates(Protocol):
    """Buckets of tokens that all gateways share."""

    async def take(self, asks: Sequence[Ask]) -> list[Taken]:
        """A token for each, in their order, or why there is none. Exact, however many gateways ask at once: of a bucket
        with n tokens no more than n are taken in any 59 s, for each comes back 60 s after the second in which it was
        taken. Asking for more than that blocks the bucket until `block` seconds have passed and a token is back;
        asking while it is blocked does not lengthen that."""
        ...

    async def sweep(self) -> None:
        """Forgets what says no more than nothing would."""
        ...


class Quotas(Protocol):
    """What accounts may have. Openings of runs raise schemas.limits.QuotaSpent in their own transaction."""

    async def standing(self, user_id: str) -> tuple[Allowance, Used] | None:
        """What an account may have, with the usual allowance where it was given no other, and what it has."""
        ...

    async def allow(self, user_id: str, allowance: dict[str, int | None], act: Act) -> bool:
        """Another allowance: for each of Allowance's names a number, -1 for no limit, None for the usual one. False
        where there is no such account."""
        ...
