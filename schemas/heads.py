"""Batches of records whose records nobody has asked for: most readers only count them."""

from typing import Literal

import msgspec

from schemas.errors import CodecError
from schemas.events import CleanRecord
from schemas.message import Message


class BatchHead(msgspec.Struct, frozen=True, kw_only=True):
    """A CleanBatch with its records as they came. Its records are a third of the work to pass over that they are to
    open, and leave nothing behind that the collector of garbage looks through."""

    version: Literal[1] = 1
    id: str
    dataset: str
    run_id: str
    job_id: str
    url: str
    fetched_at: str
    numeric: dict[str, Literal["number", "price"]] = {}
    records: list[msgspec.Raw] = []

    def event_id(self) -> str:
        """As that of the batch."""
        return self.id

    def opened(self, last: int | None = None) -> list[CleanRecord]:
        """The records, or so many of the last. Raises CodecError for one that is none."""
        try:
            return [_record.decode(record) for record in self.records[-last if last else 0 :]]
        except (msgspec.DecodeError, RecursionError) as problem:
            raise CodecError("invalid", f"Not a valid record of {self.id}: {problem}") from problem


_head = msgspec.json.Decoder(BatchHead)
_record = msgspec.json.Decoder(CleanRecord)


def head_of(message: Message) -> BatchHead:
    """The head of a message of clean-records. Raises CodecError with code `malformed` or `invalid`."""
    try:
        return _head.decode(message.value or b"")
    except msgspec.ValidationError as problem:
        raise CodecError("invalid", f"Not a valid CleanBatch: {problem}") from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CodecError("malformed", f"Not JSON: {problem}") from problem
