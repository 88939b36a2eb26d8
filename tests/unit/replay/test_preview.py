"""Rules tried on a stored page: whatever comes between is an answer, and comes in time."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import zstandard

from schemas.codec import encode
from schemas.events import FetchResult
from schemas.job import JobDescription
from schemas.message import Message
from schemas.previews import PreviewAnswer, PreviewQuestion, StoredCopy
from streams.extraction.contents import Contents, read_contents
from streams.extraction.errors import UnreadableError
from streams.extraction.reading import Reader
from streams.replay.preview import FIND_S, LANES, MAX_SHOWN, SLACK_S, Previewing
from tests.unit.api.eventually import eventually

COPY = StoredCopy(run_id="r", fetch_id="f2", url="http://a.test/x", since=100.0, until=101.0)


def stored(fetch_id: str, body: str) -> Message:
    result = FetchResult(
        fetch_id=fetch_id, run_id="r", url_fp="fp", url="http://a.test/x", host="a.test", attempt=1, status=200,
        headers=[("content-type", "text/html")], body=zstandard.compress(body.encode()),
    )  # fmt: skip
    return Message("raw-pages", 0, 0, b"fp", encode(result))


class World:
    """A desk with questions, an archive of these messages (None: it never ends), no blobs, children of which those that
    read for a question in `held` do not come to an end."""

    def __init__(
        self, messages: list[Message] | None, copy: StoredCopy | None = COPY, problem: Exception | None = None
    ) -> None:
        self.messages, self.copy, self.problem = messages, copy, problem
        self.answers: dict[str, PreviewAnswer] = {}
        self.questions: list[PreviewQuestion] = []
        self.looked: tuple[float, float] | None = None
        self.done = asyncio.Event()
        self.held: set[str] = set()
        self.begun: list[str] = []
        self.looking = 0

    async def rung(self) -> AsyncIterator[None]:
        yield
        await asyncio.Event().wait()

    async def take(self) -> list[PreviewQuestion]:
        taken, self.questions = self.questions, []
        return taken

    async def newest_copy(self, job_id: str, url_fp: str) -> StoredCopy | None:
        return self.copy

    async def answer(self, question_id: str, answer: PreviewAnswer) -> None:
        self.answers[question_id] = answer
        self.done.set()

    async def under(self, key: str, since: float, until: float) -> AsyncGenerator[Message]:
        self.looked = (since, until)
        self.looking += 1
        assert self.looking == 1, "one look at a time"
        await asyncio.sleep(0)
        self.looking -= 1
        for message in self.messages or []:
            yield message
        if self.messages is None:
            await asyncio.Event().wait()

    async def get(self, ref: str) -> bytes | None:
        return None

    async def read(self, result: FetchResult, reader: Reader) -> Contents:
        self.begun.append(reader.run.id)
        if reader.run.id in self.held:
            await asyncio.Event().wait()
        if self.problem:
            raise self.problem
        return read_contents(result, reader)

    async def ask(self, *before: str, find_s: float = FIND_S, **extract: Any) -> PreviewAnswer:
        """The answer to `q`, the last of these questions."""
        job = JobDescription.model_validate({"url": "http://a.test/", "extract": extract})
        self.questions = [PreviewQuestion(id=name, job_id="j", url_fp="fp", description=job) for name in (*before, "q")]
        working = asyncio.create_task(Previewing(self, self, self, self, find_s).run())
        try:
            async with asyncio.timeout(60):
                await self.done.wait()
        finally:
            working.cancel()
        return self.answers["q"]


async def test_the_newest_copy_is_read_and_looked_for_where_it_was_written() -> None:
    world = World([stored("f1", "<h1>Old</h1>"), stored("f2", "<h1>New</h1>")])
    answer = await world.ask(fields={"title": "h1::text"})
    assert answer.found and answer.records[0]["title"] == "New" and answer.run_id == "r"
    assert world.looked == (100.0 - SLACK_S, 101.0 + SLACK_S)


async def test_many_records_are_cut_and_said() -> None:
    answer = await World([stored("f2", "<p>x</p>" * 130)]).ask(items="p", fields={"text": {"xpath": "."}})
    assert len(answer.records) == MAX_SHOWN and "130 records" in answer.notes[0]


async def test_what_is_not_there_is_said_in_a_sentence() -> None:
    rules = {"title": "h1::text"}
    assert "No run" in (await World([], copy=None).ask(fields=rules)).reason
    assert "no longer kept" in (await World([stored("f1", "")]).ask(fields=rules)).reason
    late = await World(None).ask(find_s=0.05, fields=rules)
    assert "not found within" in late.reason and not late.found
    page = [stored("f2", "<h1>New</h1>")]
    cut = await World(page, problem=UnreadableError("extract_failed", "Its rules took longer than 2 s.")).ask(
        fields=rules
    )
    assert cut.found and cut.reason.startswith("Its rules") and not cut.records
    assert "log of extraction" in (await World(page, problem=ValueError("a mistake")).ask(fields=rules)).reason


async def test_heavy_rules_hold_up_nobody_elses() -> None:
    world = World([stored("f2", "<h1>New</h1>")])
    heavy = [f"heavy {number}" for number in range(LANES - 1)]
    world.held.update(heavy)
    answer = await world.ask(*heavy, fields={"title": "h1::text"})
    assert answer.found and 0.0 < answer.elapsed_ms < 10_000.0
    assert world.begun == [*heavy, "q"] and list(world.answers) == ["q"]


async def test_no_more_are_read_at_once_than_there_are_lanes() -> None:
    world = World([stored("f2", "<h1>New</h1>")])
    heavy = [f"heavy {number}" for number in range(LANES)]
    world.held.update(heavy)
    asking = asyncio.create_task(world.ask(*heavy, fields={"title": "h1::text"}))
    await eventually(lambda: len(world.begun) >= LANES)
    for _ in range(100):  # in which one more would have been begun
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    assert world.begun == heavy and not world.answers


async def test_what_cannot_be_answered_at_all_keeps_no_lane() -> None:
    class Torn(World):
        async def newest_copy(self, job_id: str, url_fp: str) -> StoredCopy | None:
            if job_id and len(self.asked) < 2 * LANES:
                self.asked.append(url_fp)
                raise ConnectionError("away")
            return await super().newest_copy(job_id, url_fp)

        asked: list[str] = []

    world = Torn([stored("f2", "<h1>New</h1>")])
    answer = await world.ask(*(f"lost {number}" for number in range(2 * LANES)), fields={"title": "h1::text"})
    assert answer.found and list(world.answers) == ["q"]


async def test_a_bad_rule_is_named_and_nothing_is_looked_for() -> None:
    world = World([])
    assert [each.place for each in (await world.ask(fields={"x": "h1["})).problems] == ["fields.x.css"]
    assert world.looked is None
