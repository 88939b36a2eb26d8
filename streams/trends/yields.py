"""Do the pages of a template still give records? Of a site that was redesigned rules may select nothing at all.

Told within the run: when no page of it at the template had a record yet, and as many had none as the runs before left
without, and five more (or as many more as had records, where they were fewer). So the order in which pages come does
not matter, and pages that never had records say nothing.
"""

from typing import Literal

import msgspec

from schemas.events import CleanBatch
from streams.trends.drift import MOST_TEMPLATES, template_of
from streams.trends.events import identity
from streams.trends.observations import Finding, Observation

RECORDS = "records_of_a_page"
"""The field of what is told; its record key is the template."""

ENOUGH = 5


class Yield(msgspec.Struct):
    """Of one job's pages of one template: the run at hand, the one before it, and the pages with (`full`, with so many
    records) and without records of this run; of earlier runs with records how many were full and empty, and the usual
    number of records of a full one; the id of what was told."""

    run: str = ""
    before: str = ""
    full: int = 0
    empty: int = 0
    records: int = 0
    usually_full: int = 0
    usually_empty: int = 0
    usual: float = 0.0
    told: str = ""

    def begin(self, run: str) -> None:
        """Another run; a past with more empty pages is forgotten by halves."""
        if self.full:
            self.usually_full, self.usual = self.full, self.records / self.full
            self.usually_empty = max(self.empty, self.usually_empty // 2)
        self.run, self.before = run, self.run
        self.full = self.empty = self.records = 0

    def stands_out(self) -> bool:
        """Whether this run has had no record where earlier ones had some."""
        if self.full or not self.usually_full:
            return False
        return self.empty >= self.usually_empty + min(ENOUGH, self.usually_full)


class Yields(msgspec.Struct):
    """By job and template, the one seen least recently first."""

    pages: dict[str, Yield] = {}

    def take(self, batch: CleanBatch, at: float) -> list[Finding]:
        """One page, by its first message; what is to be told of its template."""
        if batch.part or not batch.url:
            return []
        template = template_of(batch.url)
        name = f"{batch.job_id} {template}"
        one = self.pages.pop(name, None) or Yield()
        self.pages[name] = one
        if len(self.pages) > MOST_TEMPLATES:
            del self.pages[next(iter(self.pages))]
        if batch.run_id != one.run:
            if batch.run_id == one.before:
                return []  # what is late of a run that is over
            one.begin(batch.run_id)
        return _judged(one, template, batch, at)


def records_in(batch: CleanBatch) -> int:
    """How many records came in with a batch, whatever became of them."""
    return len(batch.records) + batch.rejected + batch.filtered


def _judged(one: Yield, template: str, batch: CleanBatch, at: float) -> list[Finding]:
    records = records_in(batch)
    one.full, one.empty, one.records = one.full + (records > 0), one.empty + (not records), one.records + records
    if records and one.told:
        closes, one.told = one.told, ""
        return [_finding(template, batch, at, 0.0, float(records), "up", closes)]
    if one.told or not one.stands_out():
        return []
    found = _finding(template, batch, at, one.usual, 0.0, "down", "")
    one.told = identity(found)
    return [found]


def _finding(
    template: str,
    batch: CleanBatch,
    at: float,
    before: float,
    after: float,
    direction: Literal["up", "down"],
    closes: str,
) -> Finding:
    return Finding(
        detector="drift",
        kind="shift",
        dataset=batch.dataset,
        observation=Observation(template, RECORDS, "number", after, at, batch.id, batch.url),
        direction=direction,
        score=0.0 if closes else 8.0,
        confidence=1.0,
        before=before,
        after=after,
        values=(before, after),
        closes=closes,
        words="The usual number of records",
    )
