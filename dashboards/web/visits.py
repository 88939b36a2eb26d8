"""The visits that go on, and the sign-ins that they hang on: none outlives its own."""

import asyncio
from collections.abc import Callable, Mapping
from weakref import WeakKeyDictionary, WeakSet

import structlog
from tornado.websocket import WebSocketHandler

from dashboards.ports import Sessions
from dashboards.web.visit import Visit
from schemas.accounts import Standing

EVERY_S = 0.75
"""How often the accounts are asked. A visit ends with one look and its sockets with the next, so that the page can
still be told: within twice this."""
_POLICY = 1008

log = structlog.get_logger()


class Visits:
    """Asks for all visits together whether their sign-ins still count, and ends those whose do not: who signed out, was
    disabled or has another role now. While the accounts do not answer nobody new is let in and nobody is put out."""

    def __init__(self, sessions: Sessions, clock: Callable[[], float]) -> None:
        self._sessions = sessions
        self._clock = clock
        self._going: WeakSet[Visit] = WeakSet()
        self._sockets: WeakKeyDictionary[WebSocketHandler, Visit] = WeakKeyDictionary()

    @property
    def sockets(self) -> int:
        """How many sockets are open."""
        return sum(handler.ws_connection is not None for handler in list(self._sockets))

    async def counts(self, session_id: str, role: str) -> bool:
        """Whether a sign-in counts now, in that role. Raises what the accounts raise when they do not answer."""
        return _role(await self._sessions.standing([session_id]), session_id) == role

    def begin(self, visit: Visit, socket: WebSocketHandler | None) -> None:
        """Looks after a visit from now on, and after its socket if it is one that comes."""
        self._going.add(visit)
        if socket is not None:
            self._sockets[socket] = visit

    async def run(self) -> None:
        """Looks after the visits for ever."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.check()
            except Exception as problem:  # without the accounts nothing is known to have changed; ask again
                log.warning("visits_not_checked", reason=str(problem))

    async def check(self) -> None:
        """Closes the sockets of visits that are over, and ends those that must end now."""
        now = self._clock()
        for handler, visit in list(self._sockets.items()):
            if visit.over(now) and handler.ws_connection is not None:
                handler.close(_POLICY, "Your visit has ended.")
        asked = [visit for visit in list(self._going) if not visit.over(now)]
        if not asked:
            return
        standing = await self._sessions.standing(sorted({visit.session_id for visit in asked}))
        for visit in asked:
            visit.ended = _role(standing, visit.session_id) != visit.role


def _role(standing: Mapping[str, Standing], session_id: str) -> str | None:
    return standing[session_id].role if session_id in standing else None
