"""The Faust loop that loses nothing: raw bytes in, the pump in the middle, acknowledgement last.

What Faust would do by default and does not do here: acknowledge an event whose agent raised (`take`), decode before
the agent, restart an agent, serve its tables on all interfaces, wait on an idle leader topic. Any escape ends the
process; the supervisor starts it again and Kafka delivers again what was not acknowledged.
"""

import asyncio
import contextlib
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import faust
from faust.events import Event as FaustEvent

from infra.kafka.driver import over
from infra.kafka.pump import Pump
from infra.kafka.watch import end_process, stuck, watch
from schemas.delivery import Settled
from schemas.message import Message

_EACH_S = 0.02
"""How much longer the next portion gathers for each message of the last one: from 50 a second on as long as it may."""
_EACH_MB_S = 0.5
"""The same for each megabyte: what is heavy costs most by how often it is cut."""
_QUIET_S = 0.5
"""When nothing has come for so long there is no company to wait for: the end of a run is stored without delay."""


@dataclass(frozen=True, slots=True)
class Pace:
    """When the next step begins, in seconds after the beginning of the last one.

    What comes alone is done at once, what comes in a stream comes in portions that are worth their transaction, their
    insert and their requests to the broker: at most every `every` seconds, and up to `at_most` apart the more messages
    come; `heavy` is how much longer megabytes may gather.
    """

    every: float = 0.1
    at_most: float = 0.1
    heavy: float = 0.0

    def apart(self, messages: int, size: int) -> float:
        """After a portion of so many messages and bytes."""
        return max(self.every, min(self.at_most, messages * _EACH_S)) + min(self.heavy, size / 1e6 * _EACH_MB_S)


_OFTEN = Pace()


class FaustLoop:
    """Feeds one pump from one topic. A Faust app subscribes to one busy topic only: an idle second one stalls it."""

    def __init__(
        self,
        pump: Pump,
        *,
        brokers: str,
        topic: str,
        folder: Path,
        batch: int = 256,
        within: float = 0.02,
        pace: Pace = _OFTEN,
    ) -> None:
        self._pump = pump
        self._topic = topic
        self._batch = batch
        self._within = within
        self._pace = pace
        self._brokers = brokers
        self._folder = folder
        self._generation: int | None = None
        self._pending: dict[tuple[str, int], deque[FaustEvent]] = {}
        self._stepping = asyncio.Lock()
        self._came = 0
        self._app: Any = None
        self._stream: Any = None

    def _build(self) -> Any:
        app = faust.App(
            f"trawl-{self._pump.name}",
            broker=[f"kafka://{broker}" for broker in self._brokers.split(",")],
            key_serializer="raw",
            value_serializer="raw",
            web_enabled=False,
            topic_allow_declare=False,
            topic_disable_leader=True,
            stream_wait_empty=True,
            stream_buffer_maxsize=max(1024, self._batch * 4),
            broker_commit_interval=1.0,
            broker_session_timeout=10,
            broker_heartbeat_interval=2.0,
            broker_rebalance_timeout=20,
            broker_max_poll_interval=120.0,
            consumer_auto_offset_reset="earliest",
            datadir=str(self._folder / self._pump.name),
        )
        source = app.topic(self._topic, key_type=bytes, value_type=bytes)
        app.agent(source, name=self._pump.name)(self._consume)
        return app

    async def run(self, stopping: asyncio.Event, started: asyncio.Event) -> None:
        """Consumes until `stopping` is set, then finishes the batch at hand, commits and leaves the group."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._app = self._build()
        self._app.finalize()
        await self._app.start()
        watch(self._pump.name, stopping, stuck(self._pump.stuck_s), self._parked)
        ticking = asyncio.create_task(self._settle_when_idle())
        started.set()
        await stopping.wait()
        # Faust waits until every event is acknowledged: a stage that settles late must go on being asked.
        await self._app.stop()
        ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await ticking
        await self._pump.released()

    async def _consume(self, stream: Any) -> None:
        self._stream = stream
        stream.add_processor(self._note)
        try:
            async for events in stream.noack_take(self._batch, within=self._within):
                began = time.monotonic()
                async with self._stepping:
                    await self._step(events, began)
                if len(events) < self._batch:
                    apart = self._pace.apart(len(events), sum(len(event.value or b"") for event in events))
                    await self._gather(began + apart)
        except asyncio.CancelledError:
            raise
        except BaseException as problem:
            end_process(self._pump.name, problem)
        if not self._app.should_stop:
            end_process(self._pump.name, RuntimeError("the stream ended"))

    def _note(self, value: Any) -> Any:
        self._came += 1
        return value

    async def _gather(self, until: float) -> None:
        """Lets the next portion come together, as long as more of it comes."""
        came = -1
        while came != self._came and (left := until - time.monotonic()) > 0.0:
            came = self._came
            await asyncio.sleep(min(left, _QUIET_S))

    async def _step(self, events: list[FaustEvent], polled_at: float) -> None:
        generation = self._app.consumer_generation_id
        if generation != self._generation:
            # What older generations left behind belongs to whoever owns it now: neither processed nor acknowledged.
            self._pending.clear()
            own = {place.partition for place in self._app.consumer.assignment() if place.topic == self._topic}
            await self._pump.assigned(self._topic, own)
            self._generation = generation
        live = [event for event in events if event.message.generation_id == generation]
        for event in live:
            place = (event.message.topic, event.message.partition)
            self._pending.setdefault(place, deque()).append(event)
        await self._acknowledge(await self._pump.step([_message(event) for event in live], polled_at))
        if self._pump.careful:
            await self._app.consumer.commit()

    async def _acknowledge(self, settled: Settled) -> None:
        for place, end in settled.items():
            waiting = self._pending.get(place)
            while waiting and waiting[0].message.offset < end:
                await self._stream.ack(waiting.popleft())

    async def _settle_when_idle(self) -> None:
        try:
            while True:
                await asyncio.sleep(1.0)
                if self._generation is not None and self._generation == self._app.consumer_generation_id:
                    async with self._stepping:
                        await self._acknowledge(await self._pump.step([], time.monotonic()))
        except asyncio.CancelledError:
            raise
        except BaseException as problem:
            end_process(self._pump.name, problem)

    def _parked(self) -> str:
        """aiokafka parks its coordinator on a fatal error, or a task of its own ends, and Faust never notices: alive,
        silent, unassigned."""
        try:
            consumer = self._app._consumer._thread._consumer
            parked = getattr(consumer._coordinator, "_pending_exception", None)
        except AttributeError:
            return ""
        return f"the group coordinator is parked: {parked!r}" if parked else over(consumer)


def _message(event: FaustEvent) -> Message:
    found = event.message
    headers: Any = found.headers or {}
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers)
    return Message(found.topic, found.partition, found.offset, found.key, found.value,
                   tuple((name, value) for name, value in pairs if value is not None),
                   int(found.timestamp * 1000) if found.timestamp else 0)  # fmt: skip
