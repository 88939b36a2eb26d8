"""Publishing: idempotent, acknowledged by all in-sync replicas, awaited before anything else happens.

Faust's own producer is idempotent only inside transactions, and aiokafka's default is to wait for the leader alone;
both would lose events that a stage has already acknowledged.
"""

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from infra.errors import StoreRefused, StoreUnavailable
from infra.kafka.driver import end_producer, over_producer
from infra.kafka.letters import letter
from schemas import codec
from schemas.delivery import Reject
from schemas.events import Event
from schemas.moments import rfc3339
from schemas.topics import DEAD_LETTERS, topic_of

log = structlog.get_logger()

MAX_MESSAGE = 2_000_000
_ATTEMPT_S = 45.0
_BEGINNING_S = 15.0
_CLOSING_S = 2.0
_WAITING = 1000
_TOGETHER_S = 0.1


class Publisher:
    """One producer a process. `source` is the process's name in the CloudEvents headers.

    A producer that cannot go on is exchanged: aiokafka numbers a batch before it gives it up unsent, so that the broker
    would take nothing after it for ever.
    """

    def __init__(self, brokers: str, source: str, *, linger_ms: int = 2) -> None:
        self._brokers = brokers
        self._source = source
        self._linger = linger_ms
        self._producer: AIOKafkaProducer | None = None
        self._waiting: list[Event] = []
        self._soon: asyncio.Task[None] | None = None
        self._exchanging = asyncio.Lock()
        self.dropped = 0

    async def __aenter__(self) -> Self:
        self._producer = await self._begun()
        return self

    async def _begun(self) -> AIOKafkaProducer:
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
            async with asyncio.timeout(_BEGINNING_S):
                await producer.start()
        except (KafkaError, OSError) as problem:
            await end_producer(producer, _CLOSING_S)
            raise StoreUnavailable(f"Kafka at {self._brokers} does not answer: {problem}") from problem
        except BaseException:
            await end_producer(producer, _CLOSING_S)
            raise
        return producer

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None,
                        trace: TracebackType | None) -> None:  # fmt: skip
        if self._soon:
            await asyncio.wait([self._soon], timeout=_CLOSING_S)
            self._soon.cancel()
        producer, self._producer = self._producer, None
        if producer:
            await end_producer(producer, _CLOSING_S)  # what had to arrive was awaited by whoever sent it

    async def send(self, event: Event) -> None:
        """Returns once the broker has the event; see `send_all`."""
        await self.send_all([event])

    async def send_all(self, events: Sequence[Event]) -> None:
        """Returns once the broker has acknowledged every event; those of one partition keep their order.

        Raises StoreUnavailable when the broker stays away for longer than a caller may wait, and StoreRefused for an
        event over the message limit. What was sent until then may or may not have arrived.
        """
        time = rfc3339(datetime.now(UTC))
        producer, waiting = await self._ready(), []
        for event in events:
            waiting.append(
                await self._begin(
                    producer,
                    topic_of(type(event)),
                    event.partition_key().encode(),
                    codec.encode(event),
                    codec.headers(event, self._source, time),
                )
            )
        await self._acknowledged(producer, waiting)

    async def send_raw(self, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        """The same for bytes that were encoded before (the outbox)."""
        producer = await self._ready()
        await self._acknowledged(producer, [await self._begin(producer, topic, key.encode(), value, headers)])

    async def dead_letters(self, stage: str, rejects: Sequence[Reject]) -> None:
        """Returns once the broker has every letter: the original bytes, with place and reason in the headers. What is
        too large for a message is cut, and never refused: a stage could not get past it."""
        producer, waiting = await self._ready(), []
        for reject in rejects:
            key, value, headers = letter(stage, self._source, reject, rfc3339(datetime.now(UTC)), MAX_MESSAGE)
            waiting.append(await self._begin(producer, DEAD_LETTERS, key.encode(), value, headers))
        await self._acknowledged(producer, waiting)

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

    async def _ready(self) -> AIOKafkaProducer:
        """The producer of the moment: while it is exchanged, the next one."""
        assert self._producer, "Use `async with` before publishing."
        said = over_producer(self._producer)
        if said or self._exchanging.locked():
            return await self._exchanged(self._producer, said)
        return self._producer

    async def _exchanged(self, spoiled: AIOKafkaProducer, why: str) -> AIOKafkaProducer:
        """Another producer than this one, with a new id: however many ask, it is exchanged once. StoreUnavailable when
        there is none to be had; whoever sends next tries again."""
        async with self._exchanging:
            if self._producer is spoiled:
                # It ends first: nothing that it repeats may arrive after what the next one sends.
                await end_producer(spoiled, _CLOSING_S)
                fresh = await self._begun()
                if self._producer is not spoiled:
                    await end_producer(fresh, _CLOSING_S)
                    raise StoreUnavailable("The publisher was closed meanwhile.")
                self._producer = fresh
                log.warning("producer_exchanged", why=why)
            if self._producer is None:
                raise StoreUnavailable("The publisher was closed meanwhile.")
            return self._producer

    @staticmethod
    async def _begin(
        producer: AIOKafkaProducer, topic: str, key: bytes, value: bytes, headers: list[tuple[str, bytes]]
    ) -> Awaitable[object]:
        try:
            async with asyncio.timeout(_ATTEMPT_S):
                sent: Awaitable[object] = await producer.send(topic, value, key=key, headers=headers)
                return sent
        except MessageSizeTooLargeError as problem:
            raise StoreRefused(f"A message for {topic} is over {MAX_MESSAGE} bytes: {len(value)}.") from problem
        except (KafkaError, OSError, TimeoutError) as problem:
            raise StoreUnavailable(f"Kafka did not take a message for {topic}: {problem!r}") from problem

    async def _acknowledged(self, producer: AIOKafkaProducer, waiting: Sequence[Awaitable[object]]) -> None:
        if not waiting:
            return
        try:
            async with asyncio.timeout(_ATTEMPT_S):
                await asyncio.gather(*waiting)
        except MessageSizeTooLargeError as problem:
            raise StoreRefused(f"The broker takes no message of this size: {problem!r}") from problem
        except KafkaError as problem:
            # An idempotent producer repeats what can be repeated. What it gives up leaves a gap in its numbers.
            await self._exchanged(producer, repr(problem))
            raise StoreUnavailable(f"Kafka did not acknowledge: {problem!r}") from problem
        except (OSError, TimeoutError) as problem:
            raise StoreUnavailable(f"Kafka did not acknowledge: {problem!r}") from problem


async def resend(brokers: str, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]]) -> None:
    """One message by a producer of its own: for what happens once a day, by hand."""
    async with Publisher(brokers, "gateway") as publisher:
        await publisher.send_raw(topic, key, value, list(headers))
