"""What notifications needs: places for what is to be told, and ways to tell it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from schemas.exchange import ExchangeRequest, ExchangeResult
from schemas.mail import MailState, WaitingMail
from schemas.webhooks import Attempt, Audience, DueDelivery, Shares, Telling


class Outgoing(Protocol):
    """Mails that wait, in PostgreSQL. A mail that was taken is nobody else's until its lease is over."""

    async def take(self, most: int, lease: float) -> list[WaitingMail]:
        """Those whose turn it is, held for `lease` seconds."""
        ...

    async def sent(self, mail_id: str) -> None:
        """It is sent; its text is erased."""
        ...

    async def later(self, mail_id: str, wait: float, why: str) -> None:
        """It is tried again in `wait` seconds."""
        ...

    async def give_up(self, mail_id: str, why: str) -> None:
        """It is not tried again; its text is erased."""
        ...

    async def state(self) -> MailState:
        """What waits."""
        ...

    async def expire(self, older: float, why: str) -> int:
        """Gives up what is older than so many seconds; how many that were."""
        ...


class MailServer(Protocol):
    """Takes one mail, or raises schemas.mail.NotSent."""

    async def send(self, waiting: WaitingMail) -> None:
        """Returns once it was taken."""
        ...


class Tellings(Protocol):
    """Who is to be told, and what was written down for them, in PostgreSQL. Outages are waited out."""

    async def audiences(self, runs: Collection[str]) -> Mapping[str, Audience]:
        """By run; those whose job is deleted, or that are nobody's to see, are left out."""
        ...

    async def write(self, told: Sequence[Telling]) -> None:
        """All of them in one transaction, each once for its event and target however often it is said."""
        ...


class Deliveries(Protocol):
    """Deliveries that wait. One that was taken is nobody else's until its lease is over."""

    async def take(self, most: int, lease: float, shares: Shares, busy: Collection[DueDelivery]) -> list[DueDelivery]:
        """Those whose turn it is, the owner with the fewest under way first; with what is `busy` they stay within
        `shares`, and an endpoint that failed last, or never answered, has one at a time."""
        ...

    async def delivered(self, due: DueDelivery, attempt: Attempt) -> None:
        """It was taken."""
        ...

    async def not_delivered(self, due: DueDelivery, attempt: Attempt, wait: float | None, rest: float) -> None:
        """It is tried again in `wait` seconds; None: never. Nothing is posted to its webhook for `rest` seconds. One
        that has failed for too long is disabled, and its owner told."""
        ...


class Exchange(Protocol):
    """One guarded HTTP exchange, as data."""

    async def fetch(self, request: ExchangeRequest) -> ExchangeResult:
        """Never raises for what the other side does; follows no redirect."""
        ...
