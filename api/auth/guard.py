"""Holds tries against the tallies that all gateways share; the rules are `api.auth.attempts`."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime

from api.auth.attempts import Allowance, admit, forgive, locked
from api.errors import ApiError, Fault
from api.ports.users import Attempts
from schemas.accounts import Act, Tally, Verdict
from schemas.mail import Mail

Told = tuple[Act, Mail | None]


class Guard:
    """Counts a try before it is looked at, and takes it back when it was right."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts

    async def tried(
        self, allowed: Mapping[str, Allowance], *, watched: str = "", alarm: Callable[[], Told] | None = None
    ) -> None:
        """ApiError 429 when one of these subjects must wait. When `watched` has just used up its free tries, what
        `alarm` says is written down and told."""

        def judge(tallies: Mapping[str, Tally], now: datetime) -> Verdict:
            verdict = admit(tallies, allowed, now)
            if alarm is None or not locked(tallies, verdict, watched):
                return verdict
            act, mail = alarm()
            return Verdict(tallies=verdict.tallies, act=act, mail=mail)

        verdict = await self._attempts.weigh(list(allowed), judge)
        if verdict.wait > 0:
            first = min(allowed.values(), key=lambda allowance: allowance.free)
            raise _too_many(math.ceil(verdict.wait), first)

    async def passed(self, cleared: frozenset[str], one_less: frozenset[str] = frozenset()) -> None:
        """The try was right (or was never looked at): `cleared` begin anew, of `one_less` it is taken back."""
        await self._attempts.weigh([*cleared, *one_less], lambda tallies, now: forgive(tallies, cleared, one_less))


def _too_many(seconds: int, allowance: Allowance) -> ApiError:
    message = f"Too many wrong tries; come back in {seconds} seconds."
    return ApiError(
        429,
        "RATE_LIMIT_EXCEEDED",
        message,
        [Fault("", message, "RATE_LIMIT_EXCEEDED")],
        {"Retry-After": str(seconds)},
        {"limit": allowance.free, "window": int(allowance.forgotten), "retry_after": seconds},
    )
