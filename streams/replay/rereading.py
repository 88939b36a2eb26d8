"""A stored page, read again: its answer closes a row of the replay as the first one closed a row of the crawl."""

from dataclasses import replace

import msgspec
import structlog

from schemas.closings import Closed
from schemas.events import Event, FetchResult, PageOutcome
from schemas.message import Message
from schemas.replays import Taken
from streams.extraction.answer import answer_read
from streams.extraction.bodies import Bodies, MissingBodyError, whole
from streams.extraction.closings import Answer, closing_of
from streams.extraction.errors import ExtractionError
from streams.extraction.outcome import outcome_of
from streams.extraction.places import Elsewhere
from streams.extraction.reading import Reader
from streams.extraction.second_life import as_before

log = structlog.get_logger()


class Head(msgspec.Struct):
    """As much of a FetchResult as tells whether a replay wants it: the body is passed over."""

    run_id: str = ""
    url_fp: str = ""
    fetch_id: str = ""
    status: int | None = None


_head = msgspec.json.Decoder(Head)


def head_of(message: Message) -> Head:
    """An empty one where the message is no page at all: extraction has dead-lettered it."""
    try:
        return _head.decode(message.value or b"")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Head()


class Rereader:
    """Reads pages in child processes of its own, so that neither a bad rule nor a heavy page holds up the live line."""

    def __init__(self, bodies: Bodies, children: Elsewhere, patient: Elsewhere | None = None) -> None:
        """`patient` reads what was read in time before a crash and is not now."""
        self._bodies = bodies
        self._children = children
        self._patient = patient

    async def answer(self, stored: FetchResult, taken: Taken, reader: Reader) -> Answer:
        """What becomes of the row. Deterministic: the same page and rules give the same batches."""
        page = msgspec.structs.replace(stored, run_id=reader.run.id, attempt=1, tries=0, depth=taken.depth)
        try:
            page = await whole(page, self._bodies)
        except MissingBodyError as problem:
            return _failed(page, taken, reader, "not_kept", str(problem))
        try:
            answer = answer_read(page, reader, await self._children.read(page, reader))
        except ExtractionError as problem:
            return _failed(page, taken, reader, problem.outcome, str(problem))
        except Exception as problem:
            # A mistake in the program that a page brought to light: its row ends, and the replay goes on.
            log.error("page_not_read", url=page.url[:500], error=repr(problem), exc_info=problem)
            return _failed(page, taken, reader, "extract_failed", f"The page could not be read: {problem!r}"[:500])
        return replace(answer, closing=replace(answer.closing, url_fp=taken.row, links=(), memory=None))

    async def as_before(self, answer: Answer, verdict: Closed) -> Answer:
        """The answer as it was given before a crash, if it was another one."""
        if verdict.before is None:
            return answer
        again = await as_before(answer, verdict.before, self._bodies, self._patient)
        return replace(again, closing=replace(again.closing, links=(), memory=None))


def _failed(page: FetchResult, taken: Taken, reader: Reader, outcome: str, reason: str) -> Answer:
    closing = closing_of(page, outcome, "failed", reason)
    return Answer(page, reader, replace(closing, url_fp=taken.row))


def published(answer: Answer, verdict: Closed) -> list[Event]:
    """What a closed row says. Nothing was fetched: the visit's times and bytes were told by the run that made it."""
    told: PageOutcome = outcome_of(answer, verdict)
    told = msgspec.structs.replace(
        told, url_fp=answer.result.url_fp, elapsed_ms=0.0, wire_size=0, dns_ms=None, connect_ms=None, tls_ms=None,
        first_byte_ms=None, headers=[],
    )  # fmt: skip
    return [*answer.batches, told]
