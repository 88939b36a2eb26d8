"""clean-records → trends: the one stage with a memory.

Trends are published first, then the memory is written down with the offset it is as of, then the input is
acknowledged up to there. Whatever is killed in between, the next owner begins at that offset with that memory, makes
the same trends with the same ids, and publishes them again.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from schemas.delivery import Delivery, Handled, Settled
from schemas.events import CleanBatch, Event
from streams.errors import LogMoved
from streams.portion import in_portion
from streams.trends.detector import Settings
from streams.trends.ports import LogBounds, Memory, SeriesMeter
from streams.trends.repeats import Repeats
from streams.trends.state import MOST_SERIES
from streams.trends.watch import Watch

log = structlog.get_logger()

SNAPSHOT_EVERY_S = 2.0

_REPEATS_BLOCK = -1
"""The block number under which the ids of the last batches are kept, beside the numbered blocks of the state."""


@dataclass
class _Place:
    """One partition that is ours."""

    epoch: int
    next_offset: int
    saved_offset: int
    watch: Watch
    repeats: Repeats
    retired: int = 0
    """Of the series that were retired, how many were told."""
    forgotten: int = 0
    """Of the record keys that were forgotten, how many were told."""
    late: int = 0
    """Of the values that came too late, how many were told."""
    saved_at: float = field(default_factory=time.monotonic)


class Trends:
    """Watches every record; each message is taken in by itself, so that batches change nothing.

    `most_series` bounds each partition and not all of them together: what a partition forgets may depend on its own
    messages alone, or another owner would find other trends in them.
    """

    def __init__(
        self,
        memory: Memory,
        settings: Settings,
        log: LogBounds,
        most_series: int = MOST_SERIES,
        meter: SeriesMeter | None = None,
    ) -> None:
        self._most_series = most_series
        self._meter = meter
        self._memory = memory
        self._settings = settings
        self._log = log
        self._places: dict[tuple[str, int], _Place] = {}

    async def assigned(self, topic: str, partitions: set[int]) -> None:
        """Reads the memory of each partition anew: whatever was known before may be another's past."""
        self._places.clear()
        for partition in sorted(partitions):
            epoch, offset, blocks = await self._memory.take(topic, partition)
            await self._check_log(topic, partition, offset)
            numbered = [(number, data) for number, data in blocks if number != _REPEATS_BLOCK]
            ids = next((data for number, data in blocks if number == _REPEATS_BLOCK), b"")
            watch = Watch.load_blocks(numbered, self._settings, self._most_series)
            self._places[topic, partition] = _Place(epoch, offset, offset, watch, Repeats.load(ids))

    async def _check_log(self, topic: str, partition: int, offset: int) -> None:
        """A memory of what the log does not hold (any more) would pass over what comes instead, in silence."""
        begin, end = await self._log.bounds(topic, partition)
        if offset and not begin <= offset <= end:
            raise LogMoved(
                f"{topic}[{partition}] holds offsets {begin} to {end}, but trends remembers it up to {offset}: the "
                "topic was recreated, or trimmed before it was read. Restore it, or delete its rows in `snapshots` to "
                "begin again where it begins."
            )

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """What stands out in these messages, in their order. What it does not come to within PORTION_S is the rest:
        nothing is settled before that is done too, and an heir that begins before it makes the same trends again."""
        found = Handled()
        for delivery in in_portion(batch, found):
            found.outputs.extend(self._taken(delivery))
            await asyncio.sleep(0)  # heartbeats and shutdown get their turn between two messages
        return found

    def _taken(self, delivery: Delivery) -> Sequence[Event]:
        message = delivery.message
        place = self._places[message.topic, message.partition]
        if message.offset < place.next_offset:
            return ()
        clean: CleanBatch | None = delivery.event
        found: Sequence[Event] = ()
        if clean is not None and place.repeats.is_new(clean.id):
            taken = message.timestamp / 1000 if message.timestamp > 0 else math.inf
            found = place.watch.take(clean, taken)
        place.next_offset = message.offset + 1
        return found

    async def settle(self, *, idle: bool) -> Settled:
        """Writes the memory down every two seconds, and says how far it reaches."""
        now = time.monotonic()
        for (topic, partition), place in self._places.items():
            if place.next_offset > place.saved_offset and now - place.saved_at >= SNAPSHOT_EVERY_S:
                offset = place.next_offset
                blocks = [*place.watch.dirty_blocks(), (_REPEATS_BLOCK, place.repeats.dump())]
                await self._memory.write(topic, partition, place.epoch, offset, blocks)
                place.watch.confirm_saved()
                place.saved_offset, place.saved_at = offset, now
                self._tell(f"{topic}[{partition}]", place)
        return {key: place.saved_offset for key, place in self._places.items()}

    def _tell(self, name: str, place: _Place) -> None:
        retired = place.watch.series.retired - place.retired
        if retired and not place.retired:
            advice = "The least recently seen series are forgotten; TRAWL_TREND_SERIES sets how many there may be."
            log.warning("series_retired", partition=name, most=self._most_series, advice=advice)
        place.retired += retired
        forgotten = place.watch.forgotten - place.forgotten
        if forgotten and not place.forgotten:
            advice = "The least recently seen will be new when they come again; TRAWL_TREND_SERIES bounds them."
            log.warning("record_keys_forgotten", partition=name, most=self._most_series, advice=advice)
        place.forgotten += forgotten
        late = place.watch.series.late - place.late
        if late:
            log.info("values_late", partition=name, values=late, advice="They are older than their series' newest.")
        place.late += late
        if self._meter:
            self._meter.seen(sum(each.watch.series.series for each in self._places.values()), retired, forgotten)
