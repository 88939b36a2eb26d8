"""Records as the warehouse hands them out, and an export of them."""

import io
import tempfile
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from api.exporter.making import make
from schemas.choosing import Choice
from schemas.exports import Entry, Export, ExportAsked, ExportFormat, Variant, filename_of
from schemas.ledger import StoredRecord

MOMENT = datetime(2026, 1, 5, 10, 30, tzinfo=UTC)
RUN = "11111111-1111-4111-8111-111111111111"


def record(number: int, key: str | None = None, **data: Any) -> StoredRecord:
    url = f"http://docs.test/p/{number}"
    return StoredRecord(
        id=str(UUID(int=number)), key=key or url, url=url, data=orjson.dumps({"url": url} | data).decode(),
        fetched_at=MOMENT,
    )  # fmt: skip


def asked(format: ExportFormat, variant: Variant = "") -> Export:
    return Export(
        id=str(UUID(int=7)), job_id=str(UUID(int=8)), run_id=RUN, owner="anna", dataset="docs", name="The docs",
        format=format, variant=variant, state="running",
        filename=filename_of("The docs", RUN, ExportAsked(job_id="", run_id=RUN, format=format, variant=variant)),
        asked_by="anna", asked_at=MOMENT, attempt=1,
    )  # fmt: skip


class FakeRows:
    """Pieces of two, in the order of the warehouse; `choices` are what was asked for."""

    def __init__(self, records: Sequence[StoredRecord]) -> None:
        self.choices: list[Choice] = []
        self.all = sorted(records, key=lambda one: (one.key, one.id))

    async def records(self, dataset: str, run_id: str, choice: Choice) -> AsyncIterator[list[StoredRecord]]:
        self.choices.append(choice)
        for begin in range(0, len(self.all), 2):
            yield self.all[begin : begin + 2]

    async def entries(self, dataset: str, run_id: str, choice: Choice) -> AsyncIterator[list[Entry]]:
        async for some in self.records(dataset, run_id, choice):
            yield [
                Entry(id=one.id, key=one.key, url=one.url, title=orjson.loads(one.data).get("title", ""))
                for one in some
            ]

    async def fields(self, dataset: str, run_id: str, choice: Choice, limit: int) -> list[str]:
        self.choices.append(choice)
        names = {name: None for one in self.all for name in orjson.loads(one.data)}
        return list(names)[:limit]


async def exported(records: Sequence[StoredRecord], format: ExportFormat, variant: Variant = "") -> bytes:
    """The bytes of an export."""
    file = io.BytesIO()
    await make(asked(format, variant), FakeRows(records), file, 1_000_000, Path(tempfile.gettempdir()))
    return file.getvalue()
