"""What is remembered of each dataset as a whole, beside its series; and how it is kept."""

from collections.abc import Iterable

import msgspec
import zstandard

from streams.trends.daily.company import Company
from streams.trends.drift import Drift
from streams.trends.memory.runs import Runs
from streams.trends.rates import Rate
from streams.trends.rules import Rules
from streams.trends.snapshot import SnapshotError
from streams.trends.terms.counts import TermState
from streams.trends.yields import Yields

MOST_DATASETS, MOST_JOBS = 512, 64
"""Datasets of a partition; beyond them the one seen least recently is forgotten."""

DATASETS_BLOCK = 2_000_000
"""Blocks from this number on hold a dataset each."""

_LARGEST = 200_000_000
_LAYOUT = b"TrD\x01"


class DatasetMemory(msgspec.Struct):
    """`seen` counts the partition's messages: when this dataset had its last one. `jobs` are those that are remembered,
    the one seen least recently first."""

    name: str
    seen: int = 0
    rate: Rate = msgspec.field(default_factory=Rate)
    drift: Drift = msgspec.field(default_factory=Drift)
    rules: Rules = msgspec.field(default_factory=Rules)
    terms: TermState = msgspec.field(default_factory=TermState)
    jobs: dict[str, Runs] = {}
    company: Company = msgspec.field(default_factory=Company)
    yields: Yields = msgspec.field(default_factory=Yields)

    def runs_of(self, job: str, owner: int) -> Runs:
        """The runs of a job, or of whoever's uploads; the `owner`-th of the partition if it is new."""
        runs = self.jobs.pop(job, None) or Runs(owner)
        self.jobs[job] = runs
        if len(self.jobs) > MOST_JOBS:
            del self.jobs[next(iter(self.jobs))]
        return runs


_decoder = msgspec.msgpack.Decoder(DatasetMemory)


class Datasets:
    """The memories of a partition's datasets by place; a place is given on when its dataset is forgotten."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._memories: list[DatasetMemory] = []
        self._messages = 0
        self._changed: set[int] = set()
        self._unconfirmed: set[int] = set()

    def of(self, name: str) -> DatasetMemory:
        """The memory of a dataset that has a message now; it counts as changed."""
        self._messages += 1
        place = self._places.get(name)
        if place is None:
            place = self._room(name)
        memory = self._memories[place]
        memory.seen = self._messages
        self._changed.add(place)
        return memory

    def _room(self, name: str) -> int:
        if len(self._memories) < MOST_DATASETS:
            place = len(self._memories)
            self._memories.append(DatasetMemory(name))
        else:
            place = min(range(len(self._memories)), key=lambda one: self._memories[one].seen)
            del self._places[self._memories[place].name]
            self._memories[place] = DatasetMemory(name)
        self._places[name] = place
        return place

    @property
    def messages(self) -> int:
        """How many messages the partition has had: a number that no two of them share."""
        return self._messages

    def dirty_blocks(self) -> list[tuple[int, bytes]]:
        """(block number, bytes) of what changed since it was last confirmed as saved."""
        self._unconfirmed |= self._changed
        self._changed = set()
        return [(DATASETS_BLOCK + place, _packed(self._memories[place])) for place in sorted(self._unconfirmed)]

    def confirm_saved(self) -> None:
        """The blocks of the last `dirty_blocks` are stored."""
        self._unconfirmed = set()

    @classmethod
    def load_blocks(cls, blocks: Iterable[tuple[int, bytes]]) -> "Datasets":
        """What was saved, in any order; blocks of others are passed over. Raises SnapshotError."""
        datasets = cls()
        for number, data in sorted(blocks):
            if number < DATASETS_BLOCK:
                continue
            if number != DATASETS_BLOCK + len(datasets._memories):
                raise SnapshotError(f"Block {number} of the snapshot does not follow the one before: one is missing")
            memory = _unpacked(data)
            datasets._places[memory.name] = len(datasets._memories)
            datasets._memories.append(memory)
        datasets._messages = max((one.seen for one in datasets._memories), default=0)
        return datasets


def _packed(memory: DatasetMemory) -> bytes:
    compressor = zstandard.ZstdCompressor(level=1, write_checksum=True)
    return _LAYOUT + compressor.compress(msgspec.msgpack.encode(memory))


def _unpacked(data: bytes) -> DatasetMemory:
    if data[: len(_LAYOUT)] != _LAYOUT:
        raise SnapshotError("The snapshot has a dataset of another layout: delete it, or run the one that wrote it")
    try:
        content = zstandard.ZstdDecompressor().decompress(data[len(_LAYOUT) :], max_output_size=_LARGEST)
        return _decoder.decode(content)
    except (zstandard.ZstdError, msgspec.MsgspecError) as error:
        raise SnapshotError(f"The snapshot's dataset is damaged ({error}): delete this partition's snapshot") from error
