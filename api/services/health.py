"""One check for every door: what the gateway needs, and how its fellow processes are."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import structlog

from api.ports import Behind, Checks, ProcessHealth

log = structlog.get_logger()

_PATIENCE_S = 2.0
_FRESH_S = 1.0
_DOWN = ("crashed", "down")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """Whether a store answered, and how fast. `why` is empty when it did; the full reason is in the log alone, for
    anyone may ask and an address or a user name is not for everyone."""

    up: bool
    latency_ms: float
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`healthy` when every dependency answers, every process runs and none is too far behind; `degraded` when a process
    is down or behind, which the gateway can serve without; `unhealthy` when a dependency does not answer."""

    status: Literal["healthy", "degraded", "unhealthy"]
    dependencies: dict[str, Dependency]
    processes: dict[str, ProcessHealth]
    uptime_seconds: float
    behind: Sequence[Behind] = ()
    mail: bool = True
    """Whether mail can be sent; without a server for it everything else works."""


class HealthCheck:
    """Checks at most once a second, however many ask; everyone who asks meanwhile gets the same answer."""

    def __init__(self, checks: Checks, *, mail: bool = True) -> None:
        self._checks = checks
        self._mail = mail
        self._began = time.monotonic()
        self._last: tuple[float, Health] | None = None
        self._lock = asyncio.Lock()

    async def now(self) -> Health:
        """The state of things, at most a second old."""
        async with self._lock:
            if self._last is None or time.monotonic() - self._last[0] > _FRESH_S:
                health = await self._check()
                self._last = (time.monotonic(), health)
            return self._last[1]

    @property
    def uptime(self) -> float:
        """Seconds since this gateway began."""
        return round(time.monotonic() - self._began, 1)

    async def _check(self) -> Health:
        names = list(self._checks.dependencies)
        answers = await asyncio.gather(*(_asked(name, self._checks.dependencies[name]) for name in names))
        processes = self._checks.processes()
        down = [process for process in processes.values() if process.state in _DOWN]
        behind = self._checks.behind()
        status: Literal["healthy", "degraded", "unhealthy"] = "healthy"
        if not all(answer.up for answer in answers):
            status = "unhealthy"
        elif down or behind:
            status = "degraded"
        return Health(
            status=status,
            dependencies=dict(zip(names, answers, strict=True)),
            processes=processes,
            behind=behind,
            mail=self._mail,
            uptime_seconds=self.uptime,
        )


async def _asked(name: str, check: Callable[[], Awaitable[object]]) -> Dependency:
    began = time.perf_counter()
    why = ""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await check()
    except TimeoutError:
        why = f"{name} did not answer within {_PATIENCE_S:g} s"
    except Exception as problem:  # whatever a check raises, it says that the dependency is not usable
        log.warning("dependency_down", dependency=name, error=str(problem))
        why = f"{name} does not answer"
    return Dependency(up=not why, latency_ms=round((time.perf_counter() - began) * 1000, 2), why=why)
