"""Which sources spoke of which term in each slot of a dataset, and what of it is told when a slot is over."""

import math
import re
import zlib
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
import numpy as np

from schemas.events import CleanBatch, CleanRecord, TrendTerms
from streams.trends.events import identity
from streams.trends.observations import Finding, Observation
from streams.trends.terms.bursts import close_slot

LATE_S = 3600.0
"""How long after its end a slot still takes records, or as long as it is itself, if that is less."""

MOST_TERMS, MOST_SOURCES, MOST_OPEN = 20_000, 1000, 3
_CALM = 1.0
"""z below which a burst is over."""

_FORGOTTEN = 0.01
_words = re.compile(r"[^\W\d_][\w'’-]{2,39}").findall


class Spoken(msgspec.Struct):
    """Of one term in one slot: who spoke of it (checksums of sources), and where it was seen first."""

    sources: list[int]
    record_id: str
    url: str


class TermState(msgspec.Struct):
    """Of one dataset: open slots, and of every known term its fast and slow average and the id of a burst that goes on.

    `slots` counts those in which there were records at all: a crawl that pauses is no lull.
    """

    slots: int = 0
    newest: float = 0.0
    closed: int = -1
    open: dict[int, dict[str, Spoken]] = {}
    known: dict[str, tuple[float, float, str]] = {}

    def take(self, batch: CleanBatch, at: float, rules: TrendTerms) -> list[Finding]:
        """One message's terms, after the slots that ended before it."""
        self.newest = max(self.newest, at)
        late = min(LATE_S, rules.slot)
        due = sorted(number for number in self.open if (number + 1) * rules.slot + late <= self.newest)
        found = [finding for number in due for finding in self._close(batch, number, rules)]
        number = math.floor(at / rules.slot)
        if number > self.closed and (number in self.open or len(self.open) < MOST_OPEN):
            slot = self.open.setdefault(number, {})
            for record in batch.records:
                _count(slot, record, batch.url, rules)
        return found

    def _close(self, batch: CleanBatch, number: int, rules: TrendTerms) -> list[Finding]:
        spoken = self.open.pop(number)
        self.closed, self.slots = max(self.closed, number), self.slots + 1
        names = sorted({*self.known, *spoken})
        before = [self.known.get(name, (0.0, 0.0, "")) for name in names]
        fast, slow = np.array([one[0] for one in before]), np.array([one[1] for one in before])
        usual = slow.copy()
        sources = np.array([float(len(spoken[name].sources)) if name in spoken else 0.0 for name in names])
        surprise = close_slot(fast, slow, sources, self.slots)
        end = (number + 1) * rules.slot
        found, known = [], {}
        for index, name in enumerate(names):
            told = before[index][2]
            finding = None
            if not told and surprise[index] >= rules.surprise:
                finding = _finding(batch, name, spoken.get(name), end, usual[index], sources[index], surprise[index])
                told = identity(finding)
            elif told and surprise[index] < _CALM:
                finding = _finding(batch, name, spoken.get(name), end, sources[index], usual[index], 0.0, told)
                told = ""
            if finding:
                found.append(finding)
            if told or max(fast[index], slow[index]) >= _FORGOTTEN:
                known[name] = (float(fast[index]), float(slow[index]), told)
        self.known = _bounded(known)
        return found


def _bounded(known: dict[str, tuple[float, float, str]]) -> dict[str, tuple[float, float, str]]:
    if len(known) <= MOST_TERMS:
        return known
    kept = sorted(known, key=lambda name: (-max(known[name][:2]), name))[:MOST_TERMS]
    return {name: known[name] for name in sorted(kept)}


def _count(slot: dict[str, Spoken], record: CleanRecord, url: str, rules: TrendTerms) -> None:
    source = zlib.crc32(_source(record, url, rules).encode("utf-8", "surrogatepass"))
    for term in {one for name in rules.fields for one in _terms(record.data.get(name))}:
        spoken = slot.get(term)
        if spoken is None:
            if len(slot) < MOST_TERMS:
                slot[term] = Spoken([source], record.id, url)
        elif source not in spoken.sources and len(spoken.sources) < MOST_SOURCES:
            spoken.sources.append(source)


def _source(record: CleanRecord, url: str, rules: TrendTerms) -> str:
    said: Mapping[str, Any] = record.data
    if rules.source:
        return str(said.get(rules.source, ""))
    own = said.get("url")
    return urlsplit(own if isinstance(own, str) else url).netloc


def _terms(value: Any) -> Iterable[str]:
    """The entries of a list as they are, the words of a text from three letters on; all without regard to case."""
    if isinstance(value, list):
        return [one.casefold()[:100] for one in value if isinstance(one, str)]
    return _words(value.casefold()) if isinstance(value, str) else ()


def _finding(
    batch: CleanBatch,
    name: str,
    spoken: Spoken | None,
    at: float,
    before: float,
    after: float,
    surprise: float,
    closes: str = "",
) -> Finding:
    place = spoken or Spoken([], batch.id, batch.url)
    score = min(8.0, max(0.0, float(surprise)))
    return Finding(
        detector="term",
        kind="spike",
        dataset=batch.dataset,
        observation=Observation(name, "sources", "number", float(after), at, place.record_id, place.url),
        direction="down" if closes else "up",
        score=score,
        confidence=0.0 if closes else 1.0 - math.erfc(score / math.sqrt(2.0)) / 2,
        before=float(before),
        after=float(after),
        closes=closes,
    )
