"""The open WebSockets of this gateway, and who they belong to."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from api.auth.callers import Caller
from api.auth.permissions import known
from api.errors import unavailable
from api.metrics import Metrics
from api.ports import Accounts
from schemas.accounts import Standing

log = structlog.get_logger()

STALLED_S = 20.0
"""A client that takes nothing for so long is let go."""


@dataclass(slots=True, eq=False)
class OpenSocket:
    """One open socket. `ended` is set when what it was opened with does not count any more."""

    caller: Caller
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    slow: bool = False
    sending_since: float | None = None
    """Since when (monotonic) a frame waits for the client to read."""


class Sockets:
    """Counts the open sockets, and ends those whose session or key ended, expired, or may do other things now: a stream
    must not outlive the right to it. One question to the store is asked for all of them together."""

    def __init__(
        self, accounts: Accounts, metrics: Metrics, limit: int, every: float, clock: Callable[[], float] = time.time
    ) -> None:
        self._accounts = accounts
        self._metrics = metrics
        self._limit = limit
        self._every = every
        self._clock = clock
        self._open: set[OpenSocket] = set()
        self._coming = 0

    @contextmanager
    def place(self) -> Iterator[None]:
        """Room for one more connection; ApiError 503 when there is none."""
        if self._coming >= self._limit:
            raise unavailable("Too many live connections are open; try again later.", 10)
        self._coming += 1
        self._metrics.sockets.set(self._coming)
        try:
            yield
        finally:
            self._coming -= 1
            self._metrics.sockets.set(self._coming)

    @contextmanager
    def watched(self, caller: Caller) -> Iterator[OpenSocket]:
        """A socket whose caller is looked after until the block ends."""
        socket = OpenSocket(caller)
        self._open.add(socket)
        try:
            yield socket
        finally:
            self._open.discard(socket)

    async def run(self) -> None:
        """Looks after the open sockets for ever."""
        while True:
            await asyncio.sleep(self._every)
            try:
                await self.check()
            except Exception as problem:  # without the store nothing is known to have changed; ask again
                log.warning("sockets_not_checked", error=str(problem))

    async def check(self) -> None:
        """Ends what must end now."""
        now = self._clock()
        asked = list(self._open)  # whoever comes while the store thinks was not asked about
        stalled = time.monotonic() - STALLED_S
        for socket in asked:
            if socket.sending_since is not None and socket.sending_since < stalled:
                socket.slow = True
                socket.ended.set()
            if _expired(socket.caller, now):
                socket.ended.set()
        if not asked:
            return
        standing = await self._accounts.standing(sorted({socket.caller.credential_id for socket in asked}))
        for socket in asked:
            if not _unchanged(socket.caller, standing):
                socket.ended.set()

    async def holds(self, caller: Caller) -> bool:
        """Whether a caller may still do what they could when their socket was opened, as the store knows it now: what
        is to be done for them cannot wait for the next look."""
        standing = await self._accounts.standing([caller.credential_id])
        return _unchanged(caller, standing) and not _expired(caller, self._clock())


def _expired(caller: Caller, now: float) -> bool:
    return caller.expires_at is not None and caller.expires_at <= now


def _unchanged(caller: Caller, standing: Mapping[str, Standing]) -> bool:
    held = standing.get(caller.credential_id)
    return held is not None and (held.role, known(held.permissions)) == (caller.role, caller.rights)
