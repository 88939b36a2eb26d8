"""clean-records … → ClickHouse: exactly once, by intents.

Kafka may deliver twice, an insert may land although its answer was lost, and a replaced worker may still be running.
So the warehouse first writes down in PostgreSQL what it will insert (the offsets of one partition, under the epoch of
its ownership), inserts that with a token by which ClickHouse drops a repeat, and then confirms it. A new owner first
sends the unconfirmed intent of its predecessor again: the same rows, the same token. Which offsets are stored is read
from the intents and never from ClickHouse, where an insert that failed half-way would have moved a maximum.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from schemas.delivery import Delivery, Handled, Reject, Settled
from schemas.intents import Intent
from streams.errors import LogMoved
from streams.warehouse.arriving import decode
from streams.warehouse.known import Known
from streams.warehouse.ports import IntentLedger, LogBounds, RowStore
from streams.warehouse.rejected import rejected
from streams.warehouse.rows import Shape, shape_of

Clock: TypeAlias = Callable[[], str]

MAX_ROWS = 50_000
"""Rows of one insert, and KiB: far below the size at which ClickHouse would split a block."""


@dataclass
class _Place:
    """What is known of one partition that is ours."""

    epoch: int
    stored: int
    """The offset after the last one that ClickHouse is known to hold."""
    open: Intent | None
    """The predecessor's unconfirmed intent, until it has been sent again."""
    gathered: list[Delivery] = field(default_factory=list)


class Warehouse:
    """One for all topics of a process. `cluster` names the Kafka cluster, so that a recreated one has other tokens."""

    def __init__(self, ledger: IntentLedger, rows: RowStore, log: LogBounds, clock: Clock, cluster: str) -> None:
        self._ledger = ledger
        self._rows = rows
        self._log = log
        self._clock = clock
        self._cluster = cluster
        self._places: dict[tuple[str, int], _Place] = {}
        self._known: dict[str, Known] = {}
        self._judged: dict[tuple[str, int, int], str | None] = {}

    def decode(self, topic: str, value: bytes | None) -> Any:
        """What the pump is to hand over: see `arriving`."""
        return decode(topic, value)

    async def assigned(self, topic: str, partitions: set[int]) -> None:
        """Takes the next epoch of each partition: whoever wrote under the last one is fenced from here on."""
        for place in [place for place in self._places if place[0] == topic]:
            del self._places[place]
        moments: list[str] = []
        for partition in sorted(partitions):
            epoch, newest = await self._ledger.take(topic, partition)
            unconfirmed = newest if newest and not newest.confirmed else None
            stored = 0 if newest is None else (newest.first if unconfirmed else newest.last + 1)
            self._places[topic, partition] = _Place(epoch, stored, unconfirmed)
            if newest:
                await self._check_log(newest, stored)
                moments += await self._ledger.moments(topic, partition)
        # What is delivered again was stored last of its partition, however long ago that was: after a night without
        # power nothing has been stored within the hour, and a partition may rest while others are busy. More than one
        # insert counts, since the newest may have left out such repeats only, and they may come once more.
        known = self._known[topic] = Known()
        known.add(reversed(await self._rows.recent_ids(shape_of(topic).table, moments, 200_000)))

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """Stores what is new, one intent after the other. Rejects what no table could hold."""
        self._judged.clear()
        rejects: list[Reject] = []
        batch = [self._judge(delivery, rejects) for delivery in batch]
        by_place: dict[tuple[str, int], list[Delivery]] = {}
        for delivery in batch:
            by_place.setdefault((delivery.message.topic, delivery.message.partition), []).append(delivery)
        for key, deliveries in by_place.items():
            place = self._places[key]
            fresh = [delivery for delivery in deliveries if delivery.message.offset >= place.stored]
            if place.open:
                fresh = await self._finish_predecessor(place, place.open, fresh)
            for portion in _portions(fresh, shape_of(key[0])):
                await self._store(key, place, portion)
        return Handled(rejects=rejects)

    async def give_up(self, delivery: Delivery, reason: str) -> Handled:
        """It cannot be stored as it is: it is in the dead letters, and its run goes on without its records."""
        return await self.handle([rejected(delivery)])

    async def settle(self, *, idle: bool) -> Settled:
        """Everything up to the last confirmed intent."""
        return {key: place.stored for key, place in self._places.items()}

    def _judge(self, delivery: Delivery, rejects: list[Reject]) -> Delivery:
        """The delivery itself or, of what no table could hold, what can be: its letter is then among the rejects.
        Everything is judged once, here, and always the same, since an heir must send the same rows."""
        message, shape = delivery.message, shape_of(delivery.message.topic)
        flaw = "" if delivery.event is None else shape.flaw(delivery)
        if flaw:
            rejects.append(Reject.of(message, "not_storable", flaw, str(getattr(delivery.event, "run_id", ""))))
            delivery = rejected(delivery)
        place = (message.topic, message.partition, message.offset)
        self._judged[place] = None if delivery.event is None else shape.key(delivery)
        return delivery

    def _identity(self, delivery: Delivery) -> str | None:
        """What a repeat is recognised by; None where there is nothing to store."""
        message = delivery.message
        place = (message.topic, message.partition, message.offset)
        return self._judged[place] if place in self._judged else shape_of(message.topic).identity(delivery)

    async def _check_log(self, newest: Intent, stored: int) -> None:
        """A topic that was recreated or trimmed under us stops the stage: nothing is skipped in silence."""
        place = f"{newest.topic}[{newest.partition}]"
        advice = "Restore it, or delete its rows in `intents` to begin again where it begins."
        if newest.cluster != self._cluster:
            raise LogMoved(f"What is stored of {place} came from the Kafka cluster {newest.cluster}, and this is "
                           f"{self._cluster}: offsets of one mean nothing in the other. {advice}")  # fmt: skip
        begin, end = await self._log.bounds(newest.topic, newest.partition)
        if not begin <= stored <= end:
            raise LogMoved(
                f"{place} holds offsets {begin} to {end}, but everything before {stored} is stored: the topic was "
                f"recreated, or trimmed before it was read. {advice}"
            )

    async def _finish_predecessor(self, place: _Place, intent: Intent, fresh: list[Delivery]) -> list[Delivery]:
        """Gathers exactly the offsets of the open intent, sends them again, and returns what lies beyond."""
        place.gathered += [delivery for delivery in fresh if delivery.message.offset <= intent.last]
        if not place.gathered or place.gathered[-1].message.offset < intent.last:
            return []
        await self._send(place, intent, place.gathered)
        place.open, place.gathered = None, []
        return [delivery for delivery in fresh if delivery.message.offset > intent.last]

    async def _store(self, key: tuple[str, int], place: _Place, portion: list[Delivery]) -> None:
        known = self._known[key[0]]
        repeats, seen = set(), set()
        for delivery in portion:
            identity = self._identity(delivery)
            if identity is not None and (identity in known or identity in seen):
                repeats.add(f"{delivery.message.offset}")
            elif identity is not None:
                seen.add(identity)
        intent = Intent(
            topic=key[0],
            partition=key[1],
            first=portion[0].message.offset,
            last=portion[-1].message.offset,
            skipped=frozenset(repeats),
            ingested_at=self._clock(),
            cluster=self._cluster,
        )
        await self._ledger.begin(intent, place.epoch)
        await self._send(place, intent, portion)

    async def _send(self, place: _Place, intent: Intent, portion: Sequence[Delivery]) -> None:
        shape = shape_of(intent.topic)
        taken = [
            delivery
            for delivery in portion
            if self._identity(delivery) is not None and f"{delivery.message.offset}" not in intent.skipped
        ]
        for rows in shape.rows(taken, intent.ingested_at):
            if rows.count:
                await self._rows.insert(rows, f"{intent.token}/{rows.table}")
        await self._ledger.confirm(intent, place.epoch, [sums for one in taken for sums in shape.sums([one])])
        self._known[intent.topic].add(self._identity(delivery) or "" for delivery in taken)
        place.stored = intent.last + 1


def _portions(fresh: list[Delivery], shape: Shape) -> list[list[Delivery]]:
    """Cuts so that one insert stays one block."""
    portions: list[list[Delivery]] = []
    size = MAX_ROWS
    for delivery in fresh:
        weight = shape.weight(delivery)
        if size + weight > MAX_ROWS:
            portions.append([])
            size = 0
        portions[-1].append(delivery)
        size += weight
    return portions
