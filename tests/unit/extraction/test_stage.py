"""What the stage does around one answer: it tells the frontier once, and lets go of what it cannot read."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from schemas.closings import Closed, Closing
from schemas.delivery import Delivery
from schemas.events import FetchResult, PageOutcome
from schemas.job import JobDescription
from schemas.message import Message
from schemas.pinned import PinnedRun
from schemas.urls import fingerprint
from streams.extraction import stage as stage_module
from streams.extraction.contents import Contents, read_contents
from streams.extraction.errors import RuleError, UnreadableError
from streams.extraction.places import Elsewhere
from streams.extraction.reading import Reader
from streams.extraction.stage import Extraction
from tests.fakes.bodies import MemoryBodies
from tests.unit.extraction.pages import fetched


@dataclass
class Ledger:
    """Runs of one job; the verdicts are as told."""

    job: dict[str, Any]
    held: bool = True
    closings: list[Closing] = field(default_factory=list)

    async def run(self, run_id: str) -> PinnedRun | None:
        return PinnedRun(id=run_id, job_id="j", dataset="d", description=JobDescription.model_validate(self.job))

    async def trail(self, run_id: str, url_fp: str) -> list[str]:
        return []

    async def remembered(self, run_id: str, url_fps: Sequence[str]) -> dict[str, bytes]:
        return {}

    async def close(self, closings: Sequence[Closing]) -> list[Closed]:
        self.closings += closings
        return [Closed(held=self.held) for _ in closings]


def stage(ledger: Ledger, elsewhere: Elsewhere | None = None) -> Extraction:
    return Extraction(ledger, MemoryBodies({}), lambda: datetime(2026, 1, 1, tzinfo=UTC), Random(1), elsewhere)


def delivery(body: str, path: str = "") -> Delivery:
    url = f"http://shop.example/{path}"
    event = fetched(body, url=url, url_fp=fingerprint(url))
    return Delivery(Message("raw-pages", 3, 7, b"k", b"the message"), event)


JOB: dict[str, Any] = {"url": "http://shop.example/", "options": {"max_depth": 5}}


async def test_a_page_whose_rules_cannot_be_used_is_given_up_and_its_task_closed() -> None:
    ledger = Ledger({**JOB, "extract": {"fields": {"title": "div["}}})
    given, it = delivery("<p>a page"), stage(ledger)
    with pytest.raises(RuleError):
        await it.handle([given])
    handled = await it.give_up(given, "extraction failed")
    assert [(closing.outcome, closing.retry_at) for closing in ledger.closings] == [("dead_lettered", None)]
    (told,) = handled.outputs
    assert isinstance(told, PageOutcome) and (told.outcome, told.final, told.job_id) == ("dead_lettered", True, "j")


async def test_a_link_is_told_to_the_frontier_once() -> None:
    ledger = Ledger(JOB)
    it = stage(ledger)
    for path in ("a", "b"):
        handled = await it.handle([delivery('<a href="/x">x</a><a href="/y">y</a>', path)])
        assert [event.links for event in handled.outputs if isinstance(event, PageOutcome)] == [2]
    assert [len(closing.links) for closing in ledger.closings] == [2, 0]


async def test_what_did_not_count_has_told_nothing() -> None:
    ledger = Ledger(JOB, held=False)
    it = stage(ledger)
    await it.handle([delivery('<a href="/x">x</a>', "a")])
    await it.handle([delivery('<a href="/x">x</a>', "b")])
    assert [len(closing.links) for closing in ledger.closings] == [1, 1]


@pytest.mark.parametrize("held", [True, False])
async def test_a_record_too_large_is_a_letter_if_its_page_counts(held: bool) -> None:
    ledger = Ledger({**JOB, "extract": {"fields": {"text": "p::text"}}}, held)
    handled = await stage(ledger).handle([delivery(f"<p>{'x' * 3_000_000}</p>")])
    assert [reject.code for reject in handled.rejects] == (["record_too_large"] if held else [])


SLOW: dict[str, Any] = {**JOB, "extract": {"fields": {"text": "p ~ p"}}}


class TwoAtOnce:
    """Gives no answer before two pages are being read; the second one's first, and the first one is cut off."""

    def __init__(self) -> None:
        self.begun = asyncio.Barrier(2)
        self.second_is_done = asyncio.Event()

    async def read(self, result: FetchResult, reader: Reader) -> Contents:
        await self.begun.wait()
        if result.url.endswith("/a"):
            await self.second_is_done.wait()
            raise UnreadableError("extract_failed", "Too long.")
        self.second_is_done.set()
        return Contents()


async def test_two_pages_of_a_batch_are_read_at_once_and_answered_in_its_order() -> None:
    ledger = Ledger(SLOW)
    batch = [delivery("", "a"), delivery("", "b")]
    handled = await asyncio.wait_for(stage(ledger, TwoAtOnce()).handle(batch), 60)
    told = [(event.url[-1], event.outcome, event.reason) for event in handled.outputs if isinstance(event, PageOutcome)]
    assert told == [("a", "extract_failed", "Too long."), ("b", "fetched", "")]


class Gone(Exception):
    pass


async def test_a_store_that_is_away_is_seen_as_such_and_nothing_goes_on_behind_it() -> None:
    class Broken(TwoAtOnce):
        async def read(self, result: FetchResult, reader: Reader) -> Contents:
            await self.begun.wait()
            if result.url.endswith("/a"):
                raise Gone
            try:
                await asyncio.sleep(60)
            finally:
                self.second_is_done.set()
            raise AssertionError

    broken = Broken()
    with pytest.raises(Gone):
        await stage(Ledger(SLOW), broken).handle([delivery("", "a"), delivery("", "b")])
    assert broken.second_is_done.is_set()


async def test_what_a_batch_has_no_time_for_is_left_to_the_next_portion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_module, "PORTION_S", -1.0)
    ledger = Ledger(JOB)
    batch = [delivery("x", name) for name in ("a", "b", "c", "a", "d")]
    it, seen = stage(ledger), list[str]()
    while batch:
        handled = await it.handle(batch)
        assert len(handled.rest) < len(batch)
        seen += [event.url[-1] for event in handled.outputs if isinstance(event, PageOutcome)]
        batch = handled.rest
    assert sorted(seen) == ["a", "a", "b", "c", "d"]


class Borderline:
    """Reads a page in time, or not."""

    def __init__(self, *, in_time: bool) -> None:
        self.in_time = in_time
        self.asked = 0

    async def read(self, result: FetchResult, reader: Reader) -> Contents:
        self.asked += 1
        if not self.in_time:
            raise UnreadableError("extract_failed", "Too long.")
        return read_contents(result, reader)


@dataclass
class Remembering(Ledger):
    """Keeps what a row was closed as; all answers are of one visit."""

    said: Closing | None = None

    async def close(self, closings: Sequence[Closing]) -> list[Closed]:
        [closing] = closings
        said = self.said = self.said or closing
        if (said.outcome, said.records) == (closing.outcome, closing.records):
            return [Closed(True)]
        return [Closed(True, before=(said.outcome, said.klass, said.reason, said.records))]


@pytest.mark.parametrize("body", ["<p>one<p>two", "<h1>none"])
@pytest.mark.parametrize("first_in_time", [True, False])
async def test_a_page_near_its_bound_comes_out_after_a_crash_as_it_did_before(first_in_time: bool, body: str) -> None:
    ledger, given = Remembering(SLOW), delivery(body)
    patient = Borderline(in_time=True)

    async def life(in_time: bool) -> list[object]:
        it = Extraction(ledger, MemoryBodies({}), lambda: datetime(2026, 1, 1, tzinfo=UTC), Random(1),
                        Borderline(in_time=in_time), patient)  # fmt: skip
        return list((await it.handle([given])).outputs)

    first = await life(first_in_time)
    second = await life(not first_in_time)
    assert second == first and len(first) == (2 if first_in_time else 1), "its records, and what it was told to be"
    assert patient.asked == (1 if first_in_time else 0), "what was cut off is not read for longer"


class Shorter(Borderline):
    """Reads a page in time, but for all of its records except the first."""

    async def read(self, result: FetchResult, reader: Reader) -> Contents:
        contents = await super().read(result, reader)
        for batch in contents.batches:
            del batch.records[1:]
        return contents


@pytest.mark.parametrize("again", [Borderline, Shorter])
async def test_a_page_that_gives_other_records_after_a_crash_does_not_break_what_was_promised(
    again: type[Borderline],
) -> None:
    many: dict[str, Any] = {**JOB, "extract": {"items": "p ~ p", "fields": {"text": "::text"}}}
    ledger, given = Remembering(many), delivery("<p>one<p>two<p>three")

    async def life(reading: Borderline) -> list[object]:
        it = Extraction(ledger, MemoryBodies({}), lambda: datetime(2026, 1, 1, tzinfo=UTC), Random(1), reading,
                        again(in_time=True))  # fmt: skip
        return list((await it.handle([given])).outputs)

    first = await life(Borderline(in_time=True))
    second = await life(Shorter(in_time=True))
    assert ledger.said is not None and ledger.said.records == 2
    assert second == (first if again is Borderline else first[1:]), "all that was promised, or nothing"


async def test_what_cannot_be_read_again_is_told_as_it_was_without_its_records() -> None:
    ledger, given = Remembering(SLOW), delivery("<p>one<p>two")
    [_, first] = (await stage(ledger, Borderline(in_time=True)).handle([given])).outputs
    [second] = (await stage(ledger, Borderline(in_time=False)).handle([given])).outputs
    assert second == first
