"""What every format does, and what it is told at its beginning."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from schemas.exports import Entry
from schemas.ledger import StoredRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What a file says of itself. `moment` is when it was asked for, so that whoever makes the file makes the same
    bytes; `columns` are the fields of a table."""

    name: str
    dataset: str
    job_id: str
    run_id: str
    moment: datetime
    columns: Sequence[str] = ()

    @property
    def at(self) -> str:
        """RFC 3339 in UTC, to the second."""
        return self.moment.strftime("%Y-%m-%dT%H:%M:%SZ")


class Writer(Protocol):
    """Writes one file. Where `contents` is true all entries come before all records, in the same order."""

    contents: bool

    def begin(self, heading: Heading) -> None:
        """Before everything."""
        ...

    def enter(self, entries: Sequence[Entry]) -> None:
        """Some of what the table of contents will have."""
        ...

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Some records."""
        ...

    def end(self) -> None:
        """After everything."""
        ...
