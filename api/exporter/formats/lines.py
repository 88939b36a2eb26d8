"""JSON and JSON lines: every record exactly as it was published, with what the warehouse knows beside it."""

from collections.abc import Sequence
from typing import BinaryIO

import orjson

from api.exporter.formats.writer import Heading
from schemas.exports import Entry
from schemas.ledger import StoredRecord
from schemas.moments import rfc3339


class JsonLines:
    """One record a line."""

    contents = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def begin(self, heading: Heading) -> None:
        """Lines have no head."""

    def enter(self, entries: Sequence[Entry]) -> None:
        """Nor contents."""

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Lines."""
        self._file.write(b"".join(_written(record) + b"\n" for record in records))

    def end(self) -> None:
        """Nor an end."""


class JsonFile:
    """One object: what it is of, and its `records`."""

    contents = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._between = b"\n"

    def begin(self, heading: Heading) -> None:
        """What it is of."""
        said = {"job_id": heading.job_id, "run_id": heading.run_id, "name": heading.name, "dataset": heading.dataset,
                "exported_at": heading.at}  # fmt: skip
        self._file.write(orjson.dumps(said)[:-1] + b',"records":[')

    def enter(self, entries: Sequence[Entry]) -> None:
        """It has no contents."""

    def add(self, records: Sequence[StoredRecord]) -> None:
        """Records."""
        for record in records:
            self._file.write(self._between + _written(record))
            self._between = b",\n"

    def end(self) -> None:
        """The end of the object."""
        self._file.write(b"\n]}\n")


def _written(record: StoredRecord) -> bytes:
    fetched = rfc3339(record.fetched_at)
    said = {"id": record.id, "key": record.key, "url": record.url, "fetched_at": fetched}
    return orjson.dumps(said)[:-1] + b',"data":' + record.data.encode() + b"}"
