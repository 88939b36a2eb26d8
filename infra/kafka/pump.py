"""The lossless step, written once: decode, handle, publish, dead-letter, and only then say what is settled.

It knows neither Faust nor a broker. Whoever feeds it (the Faust loop, the plain consumer, a model of a log in the
tests) acknowledges exactly what `step` returned.
"""

import time
from collections.abc import Sequence
from typing import Any, Protocol

import structlog

from infra.errors import Fenced, LogMoved, NotConfigured, StoreUnavailable
from schemas import codec
from schemas.delivery import Delivery, Handled, Reject, Settled, settled_after
from schemas.errors import CodecError
from schemas.events import Event
from schemas.message import Message

log = structlog.get_logger()

STALE_AFTER_S = 60.0
"""A worker that wakes longer than this after its poll may have been replaced: it ends without publishing."""

_INFRASTRUCTURE = (Fenced, LogMoved, NotConfigured, StoreUnavailable)


class Publisher(Protocol):
    """Publishes with acknowledgement of all in-sync replicas, or raises StoreUnavailable."""

    async def send_all(self, events: Sequence[Event]) -> None:
        """Returns once the broker has acknowledged every event."""
        ...

    async def dead_letters(self, stage: str, rejects: Sequence[Reject]) -> None:
        """Returns once the broker has acknowledged every letter."""
        ...


class Suspects(Protocol):
    """Remembers across crashes what was being tried."""

    async def begin(self, topic: str, partition: int, offset: int, kind: str) -> int:
        """Counts one try and returns how many there were with this one."""
        ...

    async def clear(self, topic: str, partition: int) -> None:
        """The tries of this partition ended well."""
        ...


class Meter(Protocol):
    """Counts what passes."""

    def seen(self, messages: int, records: int, rejects: int, outputs: int, seconds: float) -> None:
        """One step was done."""
        ...


class Pump:
    """Drives one stage. A message that kills its worker is found by trying it alone, and dead-lettered at the third
    try; a message that makes the stage raise is dead-lettered alone. Only infrastructure stops a stage."""

    TRIES_ALONE = 2

    def __init__(self, name: str, stage: Any, publisher: Publisher, suspects: Suspects, meter: Meter) -> None:
        self.name = name
        self._stage = stage
        self._publisher = publisher
        self._suspects = suspects
        self._meter = meter
        self._settles = hasattr(stage, "settle")
        self._unproven: set[tuple[str, int]] = set()
        self._records = 0

    async def assigned(self, topic: str, partitions: set[int]) -> None:
        """Tells the stage which partitions are its own; the first step on each is watched for killers."""
        self._unproven = {place for place in self._unproven if place[0] != topic} | {(topic, n) for n in partitions}
        if hasattr(self._stage, "assigned"):
            await self._stage.assigned(topic, partitions)

    async def step(self, messages: Sequence[Message], polled_at: float) -> Settled:
        """One batch, in order per partition. `polled_at` is the monotonic time of the poll.

        Raises what the caller must let end the process; nothing of the batch is then acknowledged.
        """
        if not messages:
            return await self._stage.settle(idle=True) if self._settles else {}
        started, self._records = time.monotonic(), 0
        watched = await self._watch(messages)
        handled = await self._handle_watched(messages, watched)
        if time.monotonic() - polled_at > STALE_AFTER_S:
            raise Fenced(f"{self.name} was away for more than {STALE_AFTER_S:.0f} s; another worker may own its work.")
        await self._publisher.send_all(handled.outputs)
        if handled.rejects:
            await self._publisher.dead_letters(self.name, handled.rejects)
        settled = await self._stage.settle(idle=False) if self._settles else settled_after(list(messages))
        for place in watched:
            await self._suspects.clear(*place)
            self._unproven.discard(place)
        seconds = time.monotonic() - started
        self._meter.seen(len(messages), self._records, len(handled.rejects), len(handled.outputs), seconds)
        return settled

    async def _watch(self, messages: Sequence[Message]) -> dict[tuple[str, int], int]:
        """For each partition that was newly assigned: how often its first message has been begun with."""
        first: dict[tuple[str, int], int] = {}
        for message in messages:
            if (message.topic, message.partition) in self._unproven:
                first.setdefault((message.topic, message.partition), message.offset)
        return {place: await self._suspects.begin(*place, offset, "batch") for place, offset in first.items()}

    async def _handle_watched(self, messages: Sequence[Message], watched: dict[tuple[str, int], int]) -> Handled:
        if all(tries <= 1 for tries in watched.values()):
            return await self._handle(messages)
        # The same batch has ended its worker before: one message at a time, each counted before it is tried.
        total = Handled()
        for message in messages:
            tries = await self._suspects.begin(message.topic, message.partition, message.offset, "alone")
            if tries > self.TRIES_ALONE:
                reason = f"This message ended the {self.name} worker {tries} times."
                part = await self._given_up(message, "killed_worker", reason)
            else:
                part = await self._handle([message])
            total.outputs.extend(part.outputs)
            total.rejects.extend(part.rejects)
        return total

    async def _handle(self, messages: Sequence[Message]) -> Handled:
        deliveries, rejects = self._decoded(messages)
        if not deliveries:
            return Handled([], rejects)
        try:
            handled = await self._stage.handle(deliveries)
        except _INFRASTRUCTURE:
            raise
        except Exception as problem:
            if self._settles:
                raise  # its memory may be half-changed: only a new start from the snapshot is safe
            handled = await self._one_by_one(deliveries, problem)
        return Handled(handled.outputs, rejects + handled.rejects)

    def _decoded(self, messages: Sequence[Message]) -> tuple[list[Delivery], list[Reject]]:
        """A stage that settles its input itself sees every offset: a message that is no event has the event None."""
        deliveries, rejects = [], []
        for message in messages:
            try:
                event = codec.decode(message.topic, message.value)
                deliveries.append(Delivery(message, event))
                records = getattr(event, "records", None)
                self._records += len(records) if isinstance(records, list) else 0
            except CodecError as problem:
                rejects.append(Reject.of(message, problem.code, problem.reason))
                if self._settles:
                    deliveries.append(Delivery(message, None))
        return deliveries, rejects

    async def _one_by_one(self, deliveries: Sequence[Delivery], problem: Exception) -> Handled:
        if len(deliveries) == 1:
            log.error("message_refused", stage=self.name, error=repr(problem), exc_info=problem)
            return await self._given_up(deliveries[0].message, "handler_failed", f"{self.name} failed: {problem!r}")
        total = Handled()
        for delivery in deliveries:
            try:
                part = await self._stage.handle([delivery])
            except _INFRASTRUCTURE:
                raise
            except Exception as single:
                part = await self._one_by_one([delivery], single)
            total.outputs.extend(part.outputs)
            total.rejects.extend(part.rejects)
        return total

    async def _given_up(self, message: Message, code: str, reason: str) -> Handled:
        """The letter, and whatever the stage must close because of it (extraction closes the page's task)."""
        rejects = [Reject.of(message, code, reason)]
        if self._settles:
            passed = await self._stage.handle([Delivery(message, None)])
            return Handled(passed.outputs, rejects + passed.rejects)
        deliveries, _ = self._decoded([message])
        if deliveries and hasattr(self._stage, "give_up"):
            closed = await self._stage.give_up(deliveries[0], reason)
            return Handled(closed.outputs, rejects + closed.rejects)
        return Handled([], rejects)
