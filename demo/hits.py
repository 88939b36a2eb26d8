"""The hit log: who asked for what, counted, so that a test can tell what a crawler really did."""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_KEPT = 100_000
_PRIVATE = "/__"
VISIT = "demo.visit"  # where a page that counts its visits leaves the number, in the ASGI scope


class Sink(Protocol):
    """Where lines go. `write` hands the whole line on before it returns: a hit is on record before it is answered."""

    def write(self, line: bytes, /) -> object: ...


@dataclass(frozen=True, slots=True)
class Hit:
    """One answered request: `n` counts from 1 without gaps, `time` is Unix time in seconds, `path` has the query."""

    n: int
    time: float
    method: str
    path: str
    status: int
    agent: str
    visit: int | None


class HitLog:
    """Keeps the newest 100,000 hits in memory and writes every one to a sink as a line of JSON."""

    def __init__(self, sink: Sink | None = None, kept: int = _KEPT) -> None:
        self._sink = sink
        self._hits: deque[Hit] = deque(maxlen=kept)
        self._count = 0

    def add(self, moment: float, scope: Scope, status: int) -> Hit:
        """Records the answer to the request of an ASGI scope at `moment` and returns it with its number."""
        self._count += 1
        query = scope["query_string"]
        path = scope["raw_path"] + (b"?" + query if query else b"")
        agent = next((value for name, value in scope["headers"] if name == b"user-agent"), b"")
        hit = Hit(
            n=self._count,
            time=moment,
            method=scope["method"],
            path=path.decode("latin-1"),
            status=status,
            agent=agent.decode("latin-1"),
            visit=scope.get(VISIT),
        )
        self._hits.append(hit)
        if self._sink is not None:
            self._sink.write(orjson.dumps(hit, option=orjson.OPT_APPEND_NEWLINE))
        return hit

    def since(self, number: int, limit: int = 10_000) -> dict[str, Any]:
        """Up to `limit` hits after `number`, oldest first; also the number of the last hit and of the oldest kept."""
        oldest = self._hits[0].n if self._hits else self._count + 1
        skip = max(0, number + 1 - oldest)
        newer = [asdict(hit) for place, hit in enumerate(self._hits) if skip <= place < skip + limit]
        return {"hits": newer, "last": self._count, "oldest": oldest}


class Logged:
    """Wraps an ASGI application and logs each answer when it begins, but for the paths under `/__`, which only look."""

    def __init__(self, app: ASGIApp, log: HitLog, clock: Callable[[], float] = time.time) -> None:
        self._app = app
        self._log = log
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_PRIVATE):
            await self._app(scope, receive, send)
            return

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._log.add(self._clock(), scope, message["status"])
            await send(message)

        await self._app(scope, receive, noted)
