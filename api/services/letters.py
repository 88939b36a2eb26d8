"""Dead letters: looking at them, and sending one's bytes to its topic again."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import conflict, not_found
from api.ports import Records, Resend, Resent
from api.services.cursors import Page, cut, pack, unpack
from schemas import codec
from schemas.errors import CodecError
from schemas.events import CleanBatch, FetchResult, RecordBatch, Upload
from schemas.ids import dead_letter_id, digest, is_id
from schemas.ledger import Again, BatchAgain, PageAgain, PartAgain, StoredLetter
from schemas.topics import topics

MOST_WHOLE = 1_900_000
"""Bytes beyond which a letter may be the beginning of its message only."""

_CLOSED = {
    "unknown": "The run that it belongs to does not know it any more; run its job again.",
    "taken": "This part of its upload was taken already; upload what is missing of it again.",
    "rejected": "Its run has counted these records as rejected; replay the run, or upload them again.",
}
"""How a run can have closed without a letter; any other word is the outcome of its page's task."""

_COUNTED = frozenset({"handler_failed", "killed_worker", "not_storable"})
"""Codes of messages that a stage gave up: what it says to their runs may still be on its way."""


@dataclass(frozen=True, slots=True)
class Sent:
    """When the bytes of a letter came to its topic again; `now` is False where that was before this call."""

    letter: StoredLetter
    at: datetime
    now: bool


class Letters:
    """For administrators: letters are of everybody's runs."""

    def __init__(self, records: Records, resent: Resent, resend: Resend) -> None:
        self._records = records
        self._resent = resent
        self._resend = resend

    async def page(self, cursor: str | None, limit: int, **filters: str | None) -> Page[StoredLetter]:
        """Newest first, without their values."""
        position = unpack(cursor, (datetime, UUID))
        before = (position[0], position[1]) if position else None
        found = await self._records.letters(**filters, before=before, limit=limit + 1)
        return cut(found, limit, lambda letter: pack(letter.at, letter.id))

    async def letter(self, letter_id: str) -> StoredLetter:
        """One, whole. ApiError 404."""
        try:
            found = await self._records.letter(str(UUID(letter_id)))
        except ValueError:
            found = None
        if found is None:
            raise not_found("letter_id", "There is no such dead letter.")
        return found

    async def replay(self, caller: Caller, letter_id: str, visit: Visit) -> Sent:
        """Its original bytes go to its topic again, once however often this is asked. 409 for what cannot go, and for
        what its run has closed without."""
        letter = await self.letter(letter_id)
        why = _cannot(letter)
        if why:
            raise conflict("letter_id", why)
        value = _bytes(letter.value)
        event = _event(letter.topic, value)
        again = await self._again(letter, event)
        act = visit.act(caller.user_id, "dead_letter_replayed", letter.id, topic=letter.topic)
        asked = await self._resent.ask(letter.id, act, again)
        if asked.closed:
            raise conflict("letter_id", _closed(asked.closed))
        if asked.at is not None:
            return Sent(letter, asked.at, now=False)
        if isinstance(again, BatchAgain):
            value = codec.encode(msgspec.structs.replace(event, id=again.anew))
        key = "" if event is None else str(event.partition_key())
        await self._resend(letter.topic, key, value, _headers(letter))
        await self._resent.done(letter.id)
        return Sent(letter, datetime.now(UTC), now=True)

    async def _again(self, letter: StoredLetter, event: Any) -> Again | None:
        """What the letter is to its run; None where no run has it in its accounts. ApiError 409."""
        run_id = getattr(event, "run_id", "")
        if not is_id(run_id):
            return None
        if isinstance(event, FetchResult) and is_id(event.url_fp):
            return PageAgain(run_id, event.url_fp)
        if isinstance(event, Upload) and 0 <= event.part < 2**31:
            return PartAgain(run_id, event.part, f"{letter.topic}:{letter.partition}:{letter.offset}:")
        if isinstance(event, RecordBatch | CleanBatch) and letter.stage != "trends" and is_id(event.id):
            return await self._batch_again(letter, event)
        return None

    async def _batch_again(self, letter: StoredLetter, event: RecordBatch | CleanBatch) -> BatchAgain | None:
        """A batch that was stored without its records is known by its id wherever it comes again, and passed over: its
        records must come as another batch. Trends took a clean one in as it was, and would take it in twice."""
        kept = await self._records.batch(event.run_id, event.id)
        if kept is None:
            if letter.code in _COUNTED:
                raise conflict("letter_id", "Its run has not counted these records yet; ask again in a minute.")
            return None
        if kept:
            raise conflict("letter_id", "Records of this batch are stored; they would be there twice.")
        if isinstance(event, CleanBatch):
            raise conflict("letter_id", _closed("rejected"))
        return BatchAgain(event.run_id, event.id, digest(letter.id, "again"))


def _closed(how: str) -> str:
    page = (
        f"The task of this page ended as {how} and takes no other answer; replay its run, which reads the page again."
    )
    return _CLOSED.get(how, page)


def _cannot(letter: StoredLetter) -> str:
    known = topics().get(letter.topic)
    if known is None or known.struct is None:
        return f"Nothing reads from a topic {letter.topic!r} here."
    if letter.id != dead_letter_id(letter.topic, letter.partition, letter.offset):
        return "This letter is one record of a message, not a message. Change the rules and replay its run."
    if len(letter.value) >= MOST_WHOLE:
        return "This letter may be cut short; ask whoever sent its message to send it again."
    return ""


def _headers(letter: StoredLetter) -> list[tuple[str, bytes]]:
    """The letter's id stands for the event's: what is sent twice is known as the same."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", letter.id.encode()),
        ("ce_source", b"/trawl/dead-letters"),
        ("ce_type", f"trawl.{letter.topic}.v1".encode()),
        ("content-type", b"application/json"),
        ("trawl_replayed", letter.id.encode()),
    ]


def _bytes(value: str) -> bytes:
    if value.startswith("base64:"):
        try:
            return base64.b64decode(value[7:], validate=True)
        except ValueError:
            pass  # a text that happens to begin so
    return value.encode()


def _event(topic: str, value: bytes) -> Any:
    """What the bytes mean by now; None for what is still no event."""
    try:
        return codec.decode(topic, value)
    except CodecError:
        return None
