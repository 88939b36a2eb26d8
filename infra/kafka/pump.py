"""The lossless step, written once: decode, handle, publish, dead-letter, and only then say what is settled.

It knows neither Faust nor a broker. Whoever feeds it (the Faust loop, the plain consumer, a model of a log in the
tests) acknowledges exactly what `step` returned.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from typing import Protocol

import structlog

from infra import patience
from infra.errors import Fenced, LogMoved, NotConfigured, StoreRefused, StoreUnavailable
from infra.kafka.killers import Killers, Suspects
from schemas import codec
from schemas.delivery import Delivery, Handled, Reject, Settled, settled_after
from schemas.errors import CodecError
from schemas.events import Event
from schemas.message import Message
from schemas.stages import Closing, Decoding, Stage, Stateful

log = structlog.get_logger()

STALE_AFTER_S = 60.0
"""A worker that wakes longer than this after its poll may have been replaced: it ends without publishing."""

_INFRASTRUCTURE = (Fenced, LogMoved, NotConfigured, StoreUnavailable)
_FAREWELL_S = 2.0


class Publisher(Protocol):
    """Publishes with acknowledgement of all in-sync replicas, or raises StoreUnavailable."""

    async def send_all(self, events: Sequence[Event]) -> None:
        """Returns once the broker has acknowledged every event."""
        ...

    async def dead_letters(self, stage: str, rejects: Sequence[Reject]) -> None:
        """Returns once the broker has acknowledged every letter."""
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

    def __init__(self, name: str, stage: Stage, publisher: Publisher, suspects: Suspects, meter: Meter) -> None:
        self.name = name
        self._stage = stage
        self._publisher = publisher
        self._killers = Killers(suspects)
        self._meter = meter
        self._stateful = stage if isinstance(stage, Stateful) else None
        self._closing = stage if isinstance(stage, Closing) else None
        self._decode = stage.decode if isinstance(stage, Decoding) else codec.decode
        self._awake = time.monotonic()
        self._records = 0
        self._began: float | None = None
        self.careful = False
        """The last step looked for a killer: whoever feeds the pump commits at once what it settled, so that each new
        start gets further than the one before."""

    async def assigned(self, topic: str, partitions: set[int]) -> None:
        """Tells the stage which partitions are its own."""
        self._killers.assigned(topic, partitions)
        if self._stateful:
            await self._stateful.assigned(topic, partitions)

    async def released(self) -> None:
        """The worker ends in good order: whoever is next need not look for a killer."""
        with contextlib.suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_FAREWELL_S):
                await self._killers.released()

    async def step(self, messages: Sequence[Message], polled_at: float) -> Settled:
        """One batch, in order per partition. `polled_at` is the monotonic time of the poll.

        Raises what the caller must let end the process; nothing of the batch is then acknowledged.
        """
        with patience.noting(self._progress):
            self._progress()
            try:
                return await self._step(messages, polled_at)
            except (LogMoved, NotConfigured, StoreUnavailable):
                await self.released()  # no message is to blame
                raise
            finally:
                self._began = None

    def stuck_s(self, now: float) -> float:
        """For how many seconds the step at hand has not got on; 0 between two steps. Waiting for a store that is away
        is getting on. May be asked from any thread."""
        began = self._began
        return 0.0 if began is None else now - began

    def _progress(self) -> None:
        self._began = time.monotonic()

    async def _step(self, messages: Sequence[Message], polled_at: float) -> Settled:
        if not messages:
            return await self._stateful.settle(idle=True) if self._stateful else {}
        started, self._awake, self._records = time.monotonic(), polled_at, 0
        suspected, others = await self._killers.split(messages)
        self.careful = bool(suspected)
        counted = Handled()
        for message in suspected:
            _add(counted, await self._alone(message))
        await self._killers.done()
        if others:
            _add(counted, await self._together(others))
        settled = await self._stateful.settle(idle=False) if self._stateful else settled_after(list(messages))
        if suspected:
            await self._killers.survived(suspected, settled)
        seconds = time.monotonic() - started
        self._meter.seen(len(messages), self._records, len(counted.rejects), len(counted.outputs), seconds)
        return settled

    async def _alone(self, message: Message) -> Handled:
        """A message that may have ended a worker: counted before it is tried, done before the next one is."""
        tries = await self._killers.begin(message)
        self._progress()
        if tries > self.TRIES_ALONE:
            reason = f"This message ended the {self.name} worker {tries} times."
            # Giving it up reads it once more: who did not survive that either goes without.
            return await self._bury(message, "killed_worker", reason, closing=tries == self.TRIES_ALONE + 1)
        return await self._together([message])

    async def _together(self, messages: Sequence[Message]) -> Handled:
        deliveries, rejects = self._decoded(messages)
        try:
            handled = await self._stage.handle(deliveries) if deliveries else Handled()
            total = await self._publish(Handled(handled.outputs, rejects + handled.rejects))
            while handled.rest:
                handled = await self._stage.handle(handled.rest)
                _add(total, await self._publish(Handled(handled.outputs, handled.rejects)))
            return total
        except _INFRASTRUCTURE:
            raise
        except Exception as problem:
            if self._stateful:
                raise  # its memory may be half-changed: only a new start from the snapshot is safe
            return await self._one_by_one(messages, problem)

    async def _one_by_one(self, messages: Sequence[Message], problem: Exception) -> Handled:
        total = Handled()
        if len(messages) > 1:
            for message in messages:
                _add(total, await self._together([message]))
            return total
        log.error("message_refused", stage=self.name, error=repr(problem), exc_info=problem)
        reason = f"{self.name} failed: {problem!r}"
        return await self._bury(messages[0], "handler_failed", reason)

    async def _publish(self, handled: Handled) -> Handled:
        if time.monotonic() - self._awake > STALE_AFTER_S:
            raise Fenced(f"{self.name} was away for more than {STALE_AFTER_S:.0f} s; another worker may own its work.")
        self._progress()
        await self._publisher.send_all(handled.outputs)
        self._progress()
        if handled.rejects:
            await self._publisher.dead_letters(self.name, handled.rejects)
        self._awake = time.monotonic()
        self._progress()
        return handled

    def _decoded(self, messages: Sequence[Message]) -> tuple[list[Delivery], list[Reject]]:
        """A stage that settles its input itself sees every offset: a message that is no event has the event None."""
        deliveries, rejects = [], []
        for message in messages:
            try:
                event = self._decode(message.topic, message.value)
                deliveries.append(Delivery(message, event))
                records = getattr(event, "records", None)
                self._records += len(records) if isinstance(records, list) else 0
            except CodecError as problem:
                rejects.append(Reject.of(message, problem.code, problem.reason))
                if self._stateful:
                    deliveries.append(Delivery(message, None))
        return deliveries, rejects

    async def _bury(self, message: Message, code: str, reason: str, *, closing: bool = True) -> Handled:
        """The letter, and whatever the stage must close because of it (extraction closes the page's task, cleaning and
        the warehouse account for the batch). What closes it may be what cannot be published: then the letter alone."""
        deliveries = self._decoded([message])[0] if closing else []
        if not deliveries:
            deliveries = [Delivery(message, None)]
        run = str(getattr(deliveries[0].event, "run_id", None) or "")
        letter = Reject.of(message, code, reason, run)
        closed = await self._closed(deliveries[0], reason)
        try:
            return await self._publish(Handled(closed.outputs, [letter, *closed.rejects]))
        except StoreRefused as problem:
            log.error("not_closed", stage=self.name, error=repr(problem))
            return await self._publish(Handled([], [letter]))

    async def _closed(self, delivery: Delivery, reason: str) -> Handled:
        if delivery.event is None or self._closing is None:
            nothing = [Delivery(delivery.message, None)]
            return await self._stage.handle(nothing) if self._stateful else Handled()
        try:
            return await self._closing.give_up(delivery, reason)
        except _INFRASTRUCTURE:
            raise
        except Exception as problem:
            if self._stateful:
                raise  # its ledger may be half-written: the next start goes without
            log.error("not_closed", stage=self.name, error=repr(problem), exc_info=problem)
            return Handled()


def _add(total: Handled, part: Handled) -> None:
    total.outputs.extend(part.outputs)
    total.rejects.extend(part.rejects)
