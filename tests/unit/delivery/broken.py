"""The delivery rules, each broken once: a rule that may be left out unnoticed is either no rule or not modelled."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from uuid import uuid4

from producers.dispatch.closing import Closer
from schemas.closings import Closed, Closing
from schemas.delivery import Settled
from schemas.frontier import Issued
from schemas.intents import Intent, Sums
from schemas.message import Message
from schemas.topics import CLEAN_RECORDS
from streams.cleaning.stage import Cleaning
from streams.trends.stage import Trends
from streams.warehouse.stage import Warehouse
from tests.fakes.frontier import MemoryFrontier
from tests.fakes.pausing import Pause
from tests.fakes.warehouse import Epochs, MemoryIntents, MemoryRows, MemorySnapshots
from tests.unit.delivery.model import NOW, WORKERS, PatientPump, World

Parts = Mapping[str, Callable[..., Any]]


@dataclass(frozen=True)
class Broken:
    """A world without one rule, and what of it must be seen in the end."""

    rule: str
    parts: Parts
    seen_as: frozenset[str]
    victims: Sequence[str] = WORKERS


# the claim on a row


class NoClaim(MemoryFrontier):
    """Whoever answers closes the row."""

    def _close(self, closing: Closing) -> Closed:
        row = self.runs[closing.run_id].rows[closing.url_fp]
        if closing.retry_at is None:
            row.state, row.fetch_id = "issued", None
        return super()._close(closing)


class AnyFailure(MemoryFrontier):
    """A failure counts whichever attempt it answers."""

    def _close(self, closing: Closing) -> Closed:
        row = self.runs[closing.run_id].rows[closing.url_fp]
        newest, row.attempt = row.attempt, closing.attempt
        closed = super()._close(closing)
        row.attempt = newest
        return closed


class ClaimForgotten(MemoryFrontier):
    """A claim counts once: found again after a crash it is a stranger's."""

    def _close(self, closing: Closing) -> Closed:
        row = self.runs[closing.run_id].rows[closing.url_fp]
        known = row.fetch_id == closing.fetch_id
        closed = super()._close(closing)
        return Closed(False) if known else closed


class NeverIssuedAgain(MemoryFrontier):
    """What was lost on its way stays lost."""

    def overdue(self) -> list[Any]:
        return []


class NotPublishedAgain(MemoryFrontier):
    """What a dispatch issued and did not live to publish is nobody's."""

    async def unpublished(self, older_s: float) -> list[Issued]:
        await Pause()
        return []


# the end of a run


class HastyCloser(Closer):
    """Every row is done, so the run is over."""

    async def _finish(self, run: Any, waited_s: float) -> None:
        await self._end(run)


# intents


class NoFence(Epochs):
    """An owner of the past may write on."""

    def check(self, topic: str, partition: int, epoch: int) -> None:
        return None


class UnfencedIntents(MemoryIntents):
    """Intents whose epoch nobody checks."""

    def __init__(self, frontier: MemoryFrontier) -> None:
        super().__init__(frontier)
        self._epochs = NoFence()


class Hesitant(Warehouse):
    """Stops for a while between reading and writing, where it is followed most often. It breaks no rule."""

    async def handle(self, batch: Any) -> Any:
        for _ in range(8):
            await Pause()
        return await super().handle(batch)


class TrustedIntents(MemoryIntents):
    """An heir believes that what was intended was done."""

    async def take(self, topic: str, partition: int) -> tuple[int, Intent | None]:
        epoch, newest = await super().take(topic, partition)
        return epoch, newest and replace(newest, confirmed=True)


class DistrustedIntents(MemoryIntents):
    """An heir begins after the last confirmed intent and cuts anew what its predecessor may have sent."""

    async def take(self, topic: str, partition: int) -> tuple[int, Intent | None]:
        epoch, _ = await super().take(topic, partition)
        known = self.intents[topic, partition]
        known[:] = [intent for intent in known if intent.confirmed]
        return epoch, known[-1] if known else None

    async def confirm(self, intent: Intent, epoch: int, sums: Sequence[Sums]) -> None:
        if any(known.first == intent.first for known in self.intents[intent.topic, intent.partition]):
            await super().confirm(intent, epoch, sums)


class NoIntents(MemoryIntents):
    """Nothing is written down: an heir asks ClickHouse for the last offset that it holds."""

    needs_world = True

    def __init__(self, world: World, frontier: MemoryFrontier) -> None:
        super().__init__(frontier)
        self._world = world

    async def take(self, topic: str, partition: int) -> tuple[int, Intent | None]:
        held = {str(row["id"]) for row in self._world.rows.tables["batches"]}
        offsets = [place for place, batch in enumerate(self._world.events(CLEAN_RECORDS)) if batch.id in held]
        epoch, _ = await super().take(topic, partition)
        if not offsets:
            return epoch, None
        return epoch, Intent(
            topic=topic, partition=partition, first=0, last=max(offsets), skipped=frozenset(), ingested_at=NOW,
            cluster="cluster", confirmed=True,
        )  # fmt: skip


class NewTokens(MemoryRows):
    """Every try to insert has a token of its own."""

    def _land(self, rows: Any, token: str) -> None:
        super()._land(rows, f"{token}/{self._dice.random()}")


class NothingKnown(Warehouse):
    """Repeats under a new offset are not looked for."""

    async def handle(self, batch: Any) -> Any:
        self._known = defaultdict(Blank)  # type: ignore[arg-type]
        return await super().handle(batch)


class Blank:
    """Knows nothing and learns nothing."""

    def __contains__(self, identity: str) -> bool:
        return False

    def add(self, identities: Any) -> None:
        return None


# the memory of trends


class AcknowledgesBeforeSnapshot(Trends):
    """The input is acknowledged as soon as it was observed."""

    async def settle(self, *, idle: bool) -> Settled:
        await super().settle(idle=idle)
        return {key: place.next_offset for key, place in self._places.items()}


class UnfencedSnapshots(MemorySnapshots):
    """A worker of the past may overwrite the memory of its heir."""

    def __init__(self) -> None:
        super().__init__()
        self._epochs = NoFence()


class Oblivious(Trends):
    """A batch that comes twice is observed twice."""

    async def handle(self, batch: Any) -> Any:
        for place in self._places.values():
            place.repeats.is_new = lambda identity: True  # type: ignore[method-assign]
        return await super().handle(batch)


# letters


class LettersOfTheMoment(Cleaning):
    """A letter's id is drawn when it is written."""

    async def handle(self, batch: Any) -> Any:
        handled = await super().handle(batch)
        return replace(handled, rejects=[replace(reject, id=str(uuid4())) for reject in handled.rejects])


# the pump


class AcknowledgesBeforePublishing(PatientPump):
    """What was made of a batch is published while the next one is at hand."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._awaited, self._publisher = self._publisher, self
        self._held: list[Any] = []

    async def send_all(self, events: Sequence[Any]) -> None:
        self._held.append(events)

    async def dead_letters(self, stage: str, rejects: Any) -> None:
        await self._awaited.dead_letters(stage, rejects)

    async def step(self, messages: Sequence[Message], polled_at: float) -> Settled:
        held, self._held = self._held, []
        for events in held:
            await self._awaited.send_all(events)
        return await super().step(messages, polled_at)


_LOST_OR_STUCK = frozenset({"something is lost", "the run does not complete"})
_TWICE = frozenset({"something is stored twice"})
_OTHER_TRENDS = frozenset({"a trend was not told", "a trend was told that is none"})

BROKEN = (
    Broken("one answer holds the claim", {"frontier": NoClaim},
           frozenset({"a visit that holds no claim was published"})),
    Broken("a failure answers the newest attempt", {"frontier": AnyFailure},
           frozenset({"a row failed by an answer to an earlier attempt"})),
    Broken("a claim is known again", {"frontier": ClaimForgotten},
           _LOST_OR_STUCK),
    Broken("lost tasks are issued again", {"frontier": NeverIssuedAgain}, frozenset({"the run does not complete"})),
    Broken("unpublished tasks are published", {"frontier": NotPublishedAgain},
           frozenset({"the run does not complete"})),
    Broken("a run waits for its batches", {"closer": HastyCloser}, frozenset({"the run completed too early"})),
    Broken("intents are fenced", {"intents": UnfencedIntents, "warehouse": Hesitant}, _TWICE | _LOST_OR_STUCK,
           ("warehouse",)),
    Broken("an open intent is sent again", {"intents": TrustedIntents}, frozenset({"something is lost"})),
    Broken("an open intent is sent as it was", {"intents": DistrustedIntents}, _TWICE | _LOST_OR_STUCK),
    Broken("intents are written", {"intents": NoIntents}, _TWICE),
    Broken("ClickHouse remembers tokens", {"rows": partial(MemoryRows, remembers_tokens=False)},
           _TWICE),
    Broken("a token is the intent's", {"rows": NewTokens}, _TWICE),
    Broken("stored ids are known", {"warehouse": NothingKnown}, _TWICE),
    Broken("a memory is written before the acknowledgement", {"trends": AcknowledgesBeforeSnapshot},
           _OTHER_TRENDS),
    Broken("snapshots are fenced", {"snapshots": UnfencedSnapshots},
           _OTHER_TRENDS, ("trends",)),
    Broken("repeats are observed once", {"trends": Oblivious},
           _OTHER_TRENDS),
    Broken("a letter's id is its record's", {"cleaning": LettersOfTheMoment},
           frozenset({"not every rejected record has its letter"})),
    Broken("publishing comes before the acknowledgement", {"pump": AcknowledgesBeforePublishing},
           _LOST_OR_STUCK),
)  # fmt: skip
