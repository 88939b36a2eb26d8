"""Publishing: idempotent, acknowledged by all in-sync replicas, awaited before anything else happens.

Faust's own producer is idempotent only inside transactions, and aiokafka's default is to wait for the leader alone;
both would lose events that a stage has already acknowledged.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from infra.errors import StoreRefused, StoreUnavailable
from infra.kafka.letters import letter
from schemas import codec
from schemas.delivery import Reject
from schemas.events import Event
from schemas.topics import DEAD_LETTERS, topic_of

MAX_MESSAGE = 2_000_000
_ATTEMPT_S = 45.0
_CLOSING_S = 2.0
_WAITING = 1000
_TOGETHER_S = 0.1


def now() -> str:
    """RFC 3339 in UTC with milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Publisher:
    """One producer a process. `source` is the process's name in the CloudEvents headers."""

    def __init__(self, brokers: str, source: str, *, linger_ms: int = 2) -> None:
        self._brokers = brokers
        self._source = source
        self._linger = linger_ms
        self._producer: AIOKafkaProducer | None = None
        self._waiting: list[Event] = []
        self._soon: asyncio.Task[None] | None = None
        self.dropped = 0

    async def __aenter__(self) -> Self:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._brokers,
            acks="all",
            enable_idempotence=True,
            compression_type="snappy",  # a batch of records in a sixth of the time that lz4 takes, a tenth larger
            linger_ms=self._linger,
            max_batch_size=262_144,
            max_request_size=MAX_MESSAGE,
            request_timeout_ms=15_000,
        )
        try:
            await producer.start()
        except (KafkaError, OSError) as problem:
            await producer.stop()
            raise StoreUnavailable(f"Kafka at {self._brokers} does not answer: {problem}") from problem
        self._producer = producer
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        if self._soon:
            await asyncio.wait([self._soon], timeout=_CLOSING_S)
            self._soon.cancel()
        producer, self._producer = self._producer, None
        if producer:
            # An idempotent producer tries for ever: without a broker its end would never come. What had to arrive was
            # awaited by whoever sent it.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CLOSING_S):
                    await producer.stop()

    async def send(self, event: Event) -> None:
        """Returns once the broker has the event; see `send_all`."""
        await self.send_all([event])

    async def send_all(self, events: Sequence[Event]) -> None:
        """Returns once the broker has acknowledged every event; those of one partition keep their order.

        Raises StoreUnavailable when the broker stays away for longer than a caller may wait, and StoreRefused for an
        event over the message limit. What was sent until then may or may not have arrived.
        """
        time = now()
        waiting = []
        for event in events:
            waiting.append(
                await self._begin(
                    topic_of(type(event)),
                    event.partition_key().encode(),
                    codec.encode(event),
                    codec.headers(event, self._source, time),
                )
            )
        await self._acknowledged(waiting)

    async def send_raw(self, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """The same for bytes that were encoded before (the outbox)."""
        await self._acknowledged([await self._begin(topic, key.encode(), value, headers)])

    async def dead_letters(self, stage: str, rejects: Sequence[Reject]) -> None:
        """Returns once the broker has every letter: the original bytes, with place and reason in the headers. What is
        too large for a message is cut, and never refused: a stage could not get past it."""
        waiting = []
        for reject in rejects:
            key, value, headers = letter(stage, self._source, reject, now(), MAX_MESSAGE)
            waiting.append(await self._begin(DEAD_LETTERS, key.encode(), value, headers))
        await self._acknowledged(waiting)

    def send_soon(self, event: Event) -> bool:
        """For telemetry: sends in the background, or drops and counts when 1,000 are already waiting. What comes within
        a tenth of a second goes together, for a request to the broker costs more than the request it tells of."""
        if len(self._waiting) >= _WAITING or self._producer is None:
            self.dropped += 1
            return False
        self._waiting.append(event)
        if self._soon is None or self._soon.done():
            self._soon = asyncio.create_task(self._quietly())
        return True

    async def _quietly(self) -> None:
        while self._waiting:
            await asyncio.sleep(_TOGETHER_S)
            events = self._waiting.copy()
            try:
                await self.send_all(events)
            except (StoreUnavailable, StoreRefused):
                self.dropped += len(events)
            finally:
                del self._waiting[: len(events)]

    async def _begin(self, topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> Awaitable[object]:
        assert self._producer, "Use `async with` before publishing."
        try:
            async with asyncio.timeout(_ATTEMPT_S):
                sent: Awaitable[object] = await self._producer.send(topic, value, key=key, headers=headers)
                return sent
        except MessageSizeTooLargeError as problem:
            raise StoreRefused(f"A message for {topic} is over {MAX_MESSAGE} bytes: {len(value)}.") from problem
        except (KafkaError, OSError, TimeoutError) as problem:
            raise StoreUnavailable(f"Kafka did not take a message for {topic}: {problem!r}") from problem

    @staticmethod
    async def _acknowledged(waiting: Sequence[Awaitable[object]]) -> None:
        if not waiting:
            return
        try:
            async with asyncio.timeout(_ATTEMPT_S):
                await asyncio.gather(*waiting)
        except MessageSizeTooLargeError as problem:
            raise StoreRefused(f"The broker takes no message of this size: {problem!r}") from problem
        except (KafkaError, OSError, TimeoutError) as problem:
            raise StoreUnavailable(f"Kafka did not acknowledge: {problem!r}") from problem


async def resend(brokers: str, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]]) -> None:
    """One message by a producer of its own: for what happens once a day, by hand."""
    async with Publisher(brokers, "gateway") as publisher:
        await publisher.send_raw(topic, key, value, list(headers))
