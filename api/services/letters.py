"""Dead letters: looking at them, and sending one's bytes to its topic again."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.errors import conflict, not_found
from api.ports import Records, Resend, Resent
from api.services.cursors import Page, cut, pack, unpack
from schemas import codec
from schemas.errors import CodecError
from schemas.ids import dead_letter_id
from schemas.ledger import StoredLetter
from schemas.topics import topics

MOST_WHOLE = 1_900_000
"""Bytes beyond which a letter may be the beginning of its message only."""


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
        """Its original bytes go to its topic again, once however often this is asked. 409 for what cannot go."""
        letter = await self.letter(letter_id)
        why = _cannot(letter)
        if why:
            raise conflict("letter_id", why)
        act = visit.act(caller.user_id, "dead_letter_replayed", letter.id, topic=letter.topic)
        before = await self._resent.ask(letter.id, act)
        if before is not None:
            return Sent(letter, before, now=False)
        value = _bytes(letter.value)
        await self._resend(letter.topic, _key(letter.topic, value), value, _headers(letter))
        await self._resent.done(letter.id)
        return Sent(letter, datetime.now(UTC), now=True)


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


def _key(topic: str, value: bytes) -> str:
    """Where messages of its kind go; what is no event has no such place."""
    try:
        return str(codec.decode(topic, value).partition_key())
    except CodecError:
        return ""
