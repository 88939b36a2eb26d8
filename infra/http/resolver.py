"""Names to addresses, once: what was checked is what is dialled.

A name that answers differently the second time (DNS rebinding) gains nothing, because there is no second time: the
guard sees every answer, one bad answer refuses the name, and the socket opens only to an answer of this look-up.
"""

import asyncio
import socket
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field

from aiohttp.abc import AbstractResolver, ResolveResult

from infra.http.exceptions import AddressBlocked, NameNotResolved
from infra.http.guard import AddressGuard
from schemas.hosts import UrlError, canonical_host

Lookup = Callable[[str], Sequence[str]]
"""Blocking: the IP addresses of a name. Raises OSError where there are none."""


@dataclass(slots=True)
class Dial:
    """One attempt to connect: the addresses that the guard has approved for it, and when each part of it began.

    `dns_ms` is how long the name took; `opened` and `secured` are when the first socket was made and when TLS began
    (`time.perf_counter`; 0 where that did not happen).
    """

    approved: set[str] = field(default_factory=set)
    dns_ms: float | None = None
    opened: float = 0.0
    secured: float = 0.0

    def parts(self, now: float) -> tuple[float | None, float | None]:
        """Milliseconds of TCP and of TLS, for an attempt that was complete `now`; None for a part there was not."""
        if not self.opened:
            return None, None
        tls = (now - self.secured) * 1000 if self.secured else None
        return ((self.secured or now) - self.opened) * 1000, tls


dial: ContextVar[Dial] = ContextVar("dial")
"""The attempt that the running task makes; the tasks that race addresses inherit it."""


def system_lookup(host: str) -> Sequence[str]:
    """What the operating system's resolver says."""
    answers = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(answer[4][0]) for answer in answers))


@dataclass(frozen=True, slots=True)
class ResolverLimits:
    """Seconds and counts. `at_once` threads look names up: slow name servers delay each other, nothing else."""

    ttl: float = 60.0
    failure_ttl: float = 5.0
    names: int = 4096
    at_once: int = 32
    timeout: float = 10.0


@dataclass(frozen=True, slots=True)
class _Answer:
    expires: float
    addresses: tuple[str, ...]
    problem: str = ""


class GuardedResolver(AbstractResolver):
    """aiohttp's resolver with the guard in it, its own threads and its own bounded memory.

    Raises AddressBlocked if any answer may not be dialled, NameNotResolved if there is none in time.
    """

    def __init__(
        self, guard: AddressGuard, limits: ResolverLimits | None = None, lookup: Lookup = system_lookup
    ) -> None:
        self._guard = guard
        self._limits = limits or ResolverLimits()
        self._lookup = lookup
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._running: dict[str, asyncio.Task[_Answer]] = {}
        self._threads: ThreadPoolExecutor | None = None

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Every address of `host`, all of them approved for `port`; the running dial may open sockets to these only."""
        began = time.perf_counter()
        try:
            name = canonical_host(host)
        except UrlError as problem:
            raise NameNotResolved(str(problem)) from problem
        answer = self._answers.get(name)
        if answer is None or answer.expires < time.monotonic():
            answer = await self._ask(name)
        if not answer.addresses:
            raise NameNotResolved(answer.problem)
        for address in answer.addresses:
            refused = self._guard.verdict(address, port, name)
            if refused:
                raise AddressBlocked(f"{host} resolves to an address that is not visited: {refused}")
        attempt = dial.get(None)
        if attempt is not None:
            attempt.approved.update(answer.addresses)
            attempt.dns_ms = (time.perf_counter() - began) * 1000
        return [_result(host, address, port) for address in answer.addresses]

    async def close(self) -> None:
        """Abandons what is still being looked up."""
        for task in self._running.values():
            task.cancel()
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)
            self._threads = None

    async def _ask(self, name: str) -> _Answer:
        task = self._running.get(name)
        if task is None:
            task = self._running[name] = asyncio.create_task(self._look_up(name))
            task.add_done_callback(lambda _: self._running.pop(name, None))
        # Shielded: others may be waiting for the same name when one of them is cancelled.
        return await asyncio.shield(task)

    async def _look_up(self, name: str) -> _Answer:
        limits = self._limits
        if self._threads is None:
            self._threads = ThreadPoolExecutor(limits.at_once, thread_name_prefix="names")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(limits.timeout):
                found = await loop.run_in_executor(self._threads, self._lookup, name)
            problem = f"{name} has no address."
        except TimeoutError:
            found, problem = (), f"No name server told the address of {name} within {limits.timeout:g} s."
        except (OSError, UnicodeError) as error:
            found, problem = (), f"{name} was not found: {error}"
        ttl = limits.ttl if found else limits.failure_ttl
        answer = _Answer(time.monotonic() + ttl, tuple(found), problem)
        self._answers[name] = answer
        self._answers.move_to_end(name)
        if len(self._answers) > limits.names:
            self._answers.popitem(last=False)
        return answer


def _result(host: str, address: str, port: int) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=family,
        proto=socket.IPPROTO_TCP,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )
