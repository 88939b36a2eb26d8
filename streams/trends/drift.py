"""Has a site been redesigned? How often each field is there, and how large its values are, per template of a site.

A template is a host and the shape of a path: pages made by one program. Records are taken in windows of twenty or a
message, whichever is more; a window stands out when it lies four deviations away from its past, and 30 points (a share)
or a factor (two for the length of texts, five for numbers) too; two such windows in a row are told. Rejected records
count as records without fields, for a required field that is gone leaves nothing else. The past waits while something
is told: it ends when a window is as before, and after fifty windows the new state is the usual one.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from schemas.events import CleanBatch
from streams.trends.events import direction_of, identity
from streams.trends.observations import Finding, Observation

WINDOW = 20
LEARNT = 5
"""Windows before anything stands out."""

SURPRISE = 4.0
LEAST = {"share": 0.3, "size": math.log(2.0), "amount": math.log(5.0)}
"""How far at least: points of a share, factors of a text's length and of a number (prices move, and counters grow)."""

IN_A_ROW = 2
SETTLED = 50
MOST_TEMPLATES, MOST_FIELDS = 64, 64
_SIZED = 10
"""Records of a message whose sizes are taken."""

_SLOWEST = 1 / 50
_LEAST_VARIANCE, _LEAST_SPREAD = 0.02, 0.1
What = Literal["share", "size", "amount"]
_made_up = re.compile(r"[^/]*\d[^/]*|[^/]{25,}").fullmatch


class Measure(msgspec.Struct):
    """The past of one quantity: mean, mean deviation, windows seen; how many in a row stood out, and what was told."""

    mean: float = 0.0
    spread: float = 0.0
    windows: int = 0
    off: int = 0
    told: str = ""

    def stands_out(self, value: float, noise: float, least: float) -> bool:
        """Whether a window is unlike the past: the rest of the window's own noise taken into account."""
        deviation = noise + 1.25 * self.spread
        return self.windows >= LEARNT and abs(value - self.mean) >= max(least, SURPRISE * deviation)

    def learn(self, value: float) -> None:
        """A window like the others."""
        self.windows += 1
        gain = max(_SLOWEST, 1 / self.windows)
        self.spread += gain * (abs(value - self.mean) * (self.windows > 1) - self.spread)
        self.mean += gain * (value - self.mean)


class Template(msgspec.Struct):
    """A window being filled, and the past of each field's share and size."""

    records: int = 0
    present: dict[str, int] = {}
    sizes: dict[str, tuple[int, float]] = {}
    shares: dict[str, Measure] = {}
    means: dict[str, Measure] = {}
    windows: int = 0

    def add(self, batch: CleanBatch) -> None:
        """One message's records."""
        self.records += len(batch.records) + batch.rejected
        shapes = Counter([tuple(record.data) for record in batch.records])
        for shape, number in shapes.items():
            for name in shape:
                if name in self.present or len(self.present) < MOST_FIELDS:
                    self.present[name] = self.present.get(name, 0) + number
        for record in batch.records[:_SIZED]:
            for name, value in record.data.items():
                if name in self.present and (sized := _size(value)):
                    what, size = sized
                    number, total = self.sizes.get(f"{what} {name}", (0, 0.0))
                    self.sizes[f"{what} {name}"] = (number + 1, total + size)

    def close(self) -> Iterator[tuple[What, str, Measure, float, bool]]:
        """What the window says of each quantity: what, of which field, its past, its value, whether it stands out."""
        for name in sorted({*self.shares, *self.present}):
            share = self.present.get(name, 0) / self.records
            past = self.shares.setdefault(name, Measure(windows=self.windows))
            noise = math.sqrt(max(past.mean * (1 - past.mean), _LEAST_VARIANCE) / self.records)
            yield "share", name, past, share, past.stands_out(share, noise, LEAST["share"])
        for both, (number, total) in sorted(self.sizes.items()):
            named, _, name = both.partition(" ")
            what: What = "size" if named == "size" else "amount"
            past = self.means.setdefault(both, Measure())
            stands_out = past.stands_out(total / number, _LEAST_SPREAD / math.sqrt(number), LEAST[what])
            yield what, name, past, total / number, stands_out
        self.windows += 1
        self.records, self.present, self.sizes = 0, {}, {}


class Drift(msgspec.Struct):
    """The templates of a dataset's sites, the one seen least recently first."""

    templates: dict[str, Template] = {}

    def take(self, batch: CleanBatch, at: float) -> list[Finding]:
        """One message's records; what its window says when it is full with them."""
        if not batch.records and not batch.rejected:
            return []
        name = template_of(batch.url)
        template = self.templates.pop(name, None) or Template()
        self.templates[name] = template
        if len(self.templates) > MOST_TEMPLATES:
            del self.templates[next(iter(self.templates))]
        template.add(batch)
        if template.records < WINDOW:
            return []
        seen = [_judged(name, batch, at, *one) for one in template.close()]
        return [finding for finding in seen if finding is not None]


def template_of(url: str) -> str:
    """host/path with `*` for what tells pages of one kind apart: parts with digits, long ones, and the last one."""
    parts = urlsplit(url)
    path = [part for part in parts.path.split("/") if part]
    shape = ["*" if _made_up(part) or index == len(path) - 1 else part for index, part in enumerate(path)]
    return "/".join([parts.netloc, *shape])[:200]


def _size(value: Any) -> tuple[Literal["size", "amount"], float] | None:
    """The logarithm of a text's length or of a number's amount: what changes when something else is read."""
    if isinstance(value, str):
        return "size", math.log1p(len(value))
    if isinstance(value, int | float) and abs(value) < 1e300:
        return "amount", math.log1p(abs(value))
    return None


_WORDS: dict[What, str] = {
    "share": "The share of records with",
    "size": "The usual length of",
    "amount": "The usual amount of",
}


def _judged(
    template: str,
    batch: CleanBatch,
    at: float,
    what: What,
    name: str,
    past: Measure,
    value: float,
    stands_out: bool,
) -> Finding | None:
    """Moves the past on; what is to be told, if anything."""
    past.off = past.off + 1 if stands_out else 0
    if not stands_out:
        closes, past.told, usual = past.told, "", past.mean
        past.learn(value)
        return _finding(template, batch, at, what, name, usual, value, closes) if closes else None
    if not past.told and past.off >= IN_A_ROW:
        found = _finding(template, batch, at, what, name, past.mean, value, "")
        past.told = identity(found)
        return found
    if past.off >= SETTLED:
        past.mean, past.spread, past.windows, past.off, past.told = value, 0.0, 1, 0, ""
    return None


def _finding(
    template: str,
    batch: CleanBatch,
    at: float,
    what: What,
    name: str,
    before: float,
    after: float,
    closes: str,
) -> Finding:
    if what != "share":
        before, after = math.expm1(before), math.expm1(after)
    return Finding(
        detector="drift",
        kind="shift",
        dataset=batch.dataset,
        observation=Observation(template, f"{what}_of_{name}", "number", after, at, batch.id, batch.url),
        direction=direction_of(before, after),
        score=0.0 if closes else 8.0,
        confidence=1.0,
        before=before,
        after=after,
        values=(before, after),
        closes=closes,
        words=f"{_WORDS[what]} {name}",
    )
