"""A stored page read again: the same row, the same batches, and no word of a visit."""

import zstandard

from schemas.closings import Closed
from schemas.events import FetchResult, PageOutcome, RecordBatch
from schemas.job import JobDescription
from schemas.message import Message
from schemas.pinned import PinnedRun
from schemas.replays import Taken
from streams.extraction.contents import Contents, read_contents
from streams.extraction.errors import UnreadableError
from streams.extraction.reading import Reader
from streams.replay.rereading import Head, Rereader, head_of, published

STORED = FetchResult(
    fetch_id="f", run_id="crawl", url_fp="fp", url="http://a.test/x", host="a.test", attempt=3, tries=2, status=200,
    headers=[("content-type", "text/html"), ("set-cookie", "a=b")], elapsed_ms=12.0, wire_size=99, dns_ms=1.0,
    body=zstandard.compress(b"<h1>One</h1><a href=/y>y</a>"), body_size=28, fetched_at="2026-01-05T10:30:00Z",
)  # fmt: skip
TAKEN = Taken(row="row", fetch_id="f", depth=4)


class Child:
    def __init__(self, problem: Exception | None = None) -> None:
        self.problem = problem

    async def read(self, result: FetchResult, reader: Reader) -> Contents:
        if self.problem:
            raise self.problem
        return read_contents(result, reader)


class Blobs:
    async def get(self, ref: str) -> bytes | None:
        return None


def reader() -> Reader:
    job = {"url": "http://a.test/", "extract": {"fields": {"title": "h1::text"}}, "options": {"follow": True}}
    return Reader.of(
        PinnedRun(id="again", job_id="j", dataset="d", description=JobDescription.model_validate(job), revision=7)
    )


async def test_the_row_is_closed_by_the_visit_that_was_made() -> None:
    answer = await Rereader(Blobs(), Child()).answer(STORED, TAKEN, reader())
    closing = answer.closing
    assert (closing.run_id, closing.url_fp, closing.fetch_id, closing.outcome) == ("again", "row", "f", "fetched")
    assert closing.whole and closing.retry_at is None and list(closing.links) == [], "no link becomes a row"
    twice = await Rereader(Blobs(), Child()).answer(STORED, TAKEN, reader())
    assert [batch.id for batch in twice.batches] == [batch.id for batch in answer.batches]

    batch, outcome = published(answer, Closed(True))
    assert isinstance(batch, RecordBatch) and isinstance(outcome, PageOutcome)
    assert (batch.run_id, batch.url_fp, batch.revision) == ("again", "fp", 7)
    assert (outcome.url_fp, outcome.depth, outcome.elapsed_ms, outcome.wire_size, outcome.dns_ms) == (
        "fp",
        4,
        0,
        0,
        None,
    )


async def test_what_goes_wrong_ends_the_row_and_is_never_tried_again() -> None:
    lost = FetchResult(**{name: getattr(STORED, name) for name in STORED.__struct_fields__} | {
        "body": b"", "body_ref": "pages/2026-01-05/0"})  # fmt: skip
    cases = [
        (lost, None, "not_kept"),
        (STORED, UnreadableError("extract_failed", "too long"), "extract_failed"),
        (STORED, ValueError("a mistake"), "extract_failed"),
    ]
    for stored, problem, outcome in cases:
        closing = (await Rereader(Blobs(), Child(problem)).answer(stored, TAKEN, reader())).closing
        assert (closing.outcome, closing.klass, closing.url_fp) == (outcome, "failed", "row")
        assert closing.whole and closing.retry_at is None and closing.reason


def test_of_a_message_as_much_is_read_as_tells_whose_it_is() -> None:
    def message(value: bytes | None) -> Message:
        return Message("raw-pages", 0, 1, b"fp", value)

    value = b'{"body":"AAAA","run_id":"r","fetch_id":"f","url_fp":"u","status":200}'
    assert head_of(message(value)) == Head(run_id="r", url_fp="u", fetch_id="f", status=200)
    for broken in (None, b"", b"{", b'{"run_id":4}', b"\xff"):
        assert head_of(message(broken)) == Head()
