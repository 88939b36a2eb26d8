"""Everything that is watched in one partition: what a message says to each detector, and what they say of it."""

import math
from collections.abc import Iterable, Iterator
from typing import Self

from schemas.events import CleanBatch, RecordMarks, Trend, TrendRules
from schemas.moments import epoch
from streams.trends.datasets import DATASETS_BLOCK, DatasetMemory, Datasets
from streams.trends.detector import FEW_KEYS, MANY_KEYS, Settings
from streams.trends.events import trend_of
from streams.trends.memory.marks import VERSIONS_BLOCK, Memory, owner_of
from streams.trends.observations import Finding, Observation
from streams.trends.rules import by_marks
from streams.trends.state import MOST_SERIES, PartitionState
from streams.trends.yields import records_in

_USUAL = TrendRules()
_SENSITIVITIES = {"few": FEW_KEYS, "many": MANY_KEYS}
_AHEAD_S = 3600.0
"""How far a record's time may be ahead of the moment at which the log took it."""


class Watch:
    """One partition. What comes out depends on its messages and their order alone (see `PartitionState`)."""

    def __init__(self, settings: Settings, most_series: int = MOST_SERIES) -> None:
        self._settings = settings
        self.series = PartitionState(settings, most_series)
        self._memory = Memory(most_series)
        self._datasets = Datasets()

    def take(self, clean: CleanBatch, taken: float = math.inf) -> list[Trend | RecordMarks]:
        """What stands out in this message, which the log took at the Unix time `taken`."""
        rules = clean.trends or _USUAL
        if not rules.enabled:
            return []
        at = min(epoch(clean.fetched_at) or 0.0, taken + _AHEAD_S)
        memory = self._datasets.of(clean.dataset)
        if not records_in(clean):  # a page that gave none: there is nothing else to be watched
            return [trend_of(finding, clean.run_id) for finding in memory.yields.take(clean, at)]
        marks = None
        if rules.memory:
            marks = self._memory.take(clean, memory.runs_of(owner_of(clean), self._datasets.messages))
        findings = [*self._find(clean, at, rules, memory), *by_marks(clean, at, rules.rules, marks)]
        told: list[Trend | RecordMarks] = [trend_of(finding, clean.run_id) for finding in findings]
        return [*told, marks] if marks and marks.marks else told

    def _find(self, clean: CleanBatch, at: float, rules: TrendRules, memory: DatasetMemory) -> Iterator[Finding]:
        settings = _SENSITIVITIES.get(rules.sensitivity, self._settings)
        yield from self.series.observe(clean.dataset, memory.rate.take(clean, at), settings)
        observations = list(observations_of(clean, at, rules))
        yield from self.series.observe(clean.dataset, observations, settings, memory.company)
        if rules.rules:
            yield from memory.rules.take(clean.dataset, rules.rules, observations)
        if rules.terms:
            yield from memory.terms.take(clean, at, rules.terms)
        yield from memory.drift.take(clean, at)
        yield from memory.yields.take(clean, at)

    @property
    def forgotten(self) -> int:
        """Record keys that were forgotten to make room, since the process began."""
        return self._memory.forgotten

    def dirty_blocks(self) -> list[tuple[int, bytes]]:
        """(block number, bytes) of every block that changed since it was last confirmed as saved."""
        return [*self.series.dirty_blocks(), *self._memory.dirty_blocks(), *self._datasets.dirty_blocks()]

    def confirm_saved(self) -> None:
        """The blocks of the last `dirty_blocks` are stored."""
        self.series.confirm_saved()
        self._memory.confirm_saved()
        self._datasets.confirm_saved()

    @classmethod
    def load_blocks(
        cls, blocks: Iterable[tuple[int, bytes]], settings: Settings, most_series: int = MOST_SERIES
    ) -> Self:
        """What goes on exactly where the one that gave the blocks left off. Raises SnapshotError."""
        kept = list(blocks)
        watch = cls(settings, most_series)
        of_series = [one for one in kept if one[0] < VERSIONS_BLOCK]
        watch.series = PartitionState.load_blocks(of_series, settings, most_series)
        of_memory = [one for one in kept if VERSIONS_BLOCK <= one[0] < DATASETS_BLOCK]
        watch._memory = Memory.load_blocks(of_memory, most_series)
        watch._datasets = Datasets.load_blocks(kept)
        return watch


def observations_of(clean: CleanBatch, at: float, rules: TrendRules) -> Iterator[Observation]:
    """Every typed number and price of every record, in order, and those of the job's further series."""
    url = clean.url
    numeric = [(name, kind) for name, kind in clean.numeric.items() if name not in rules.ignore]
    for record in clean.records:
        data = record.data
        for name, kind in numeric:
            value = data.get(name)
            if isinstance(value, int | float) and abs(value) < 1e300:
                yield Observation(record.key, name, kind, float(value), at, record.id, url)
        for further in rules.series:
            value = data.get(further.field)
            if isinstance(value, int | float) and abs(value) < 1e300:
                key = "|".join(f"{name}={data.get(name, '')}" for name in further.key)
                kind = clean.numeric.get(further.field, "number")
                yield Observation(key, further.field, kind, float(value), at, record.id, url)
