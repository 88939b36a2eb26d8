"""What the gateway says of itself, on its way to Kafka."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Protocol, Self

import structlog

from schemas.events import Event

log = structlog.get_logger()

_PAUSE_S = 1.0


class SendSoon(Protocol):
    """Publishes in the background."""

    def send_soon(self, event: Event) -> bool:
        """False when the event was dropped; never waits."""
        ...


class Telemetry:
    """Publishes soon, as soon as there is a publisher: a gateway starts without Kafka, and until Kafka is there what it
    would say is dropped and counted."""

    def __init__(
        self, connect: Callable[[], AbstractAsyncContextManager[SendSoon]], stores_away: Sequence[type[Exception]]
    ) -> None:
        self._connect = connect
        self._stores_away = tuple(stores_away)
        self._publisher: SendSoon | None = None
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._task:
            await self._task

    def send_soon(self, event: Event) -> bool:
        """False when the event was dropped."""
        return self._publisher is not None and self._publisher.send_soon(event)

    async def _keep(self) -> None:
        while not self._stop.is_set():
            try:
                async with self._connect() as publisher:
                    self._publisher = publisher
                    await self._stop.wait()
            except self._stores_away as problem:
                log.info("waiting", what="kafka", error=str(problem))
            except Exception:  # without a publisher the request log would end, and nobody would miss it
                log.exception("waiting", what="kafka")
            finally:
                self._publisher = None
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _PAUSE_S)
