"""A run's records for an export: in pieces, of which one at a time is held."""

from collections.abc import AsyncIterator
from typing import Any

from infra.clickhouse.asking import Asking
from infra.clickhouse.choosing import chosen, span
from infra.clickhouse.reading import record_of
from infra.clickhouse.sql import queries
from infra.patience import patiently
from schemas.choosing import Choice
from schemas.exports import Entry
from schemas.ledger import StoredRecord

_TIMEOUT_S = 60.0
ROWS = 2000
ENTRIES = 10_000
BYTES = 4 << 20
"""Rows, entries and bytes of a piece; a record that is larger by itself is a piece by itself."""


class ExportRows(Asking):
    """An exporter's view of the warehouse. Outages are waited out."""

    def __init__(self, url: str) -> None:
        super().__init__(url, _TIMEOUT_S)

    async def records(self, dataset: str, run_id: str, choice: Choice) -> AsyncIterator[list[StoredRecord]]:
        """Those records of a run in the order of (key, id), each once."""
        async for rows in self._pieces("pieces", dataset, run_id, choice, {"limit": ROWS, "bytes": BYTES}):
            yield [record_of(row) for row in rows]

    async def entries(self, dataset: str, run_id: str, choice: Choice) -> AsyncIterator[list[Entry]]:
        """The same records in the same order, without what is in them."""
        async for rows in self._pieces("entries", dataset, run_id, choice, {"limit": ENTRIES}):
            yield [Entry(**row | {"id": str(row["id"])}) for row in rows]

    async def fields(self, dataset: str, run_id: str, choice: Choice, limit: int) -> list[str]:
        """Names of their fields, the most frequent first."""
        rows = await self._ask("fields", choice, dataset=dataset, run_id=run_id, limit=limit)
        return [row["name"] for row in rows]

    async def _pieces(
        self, statement: str, dataset: str, run_id: str, choice: Choice, bounds: dict[str, int]
    ) -> AsyncIterator[list[dict[str, Any]]]:
        key, identity = "", ""
        while True:
            rows = await self._ask(
                statement, choice, dataset=dataset, run_id=run_id, after_key=key, after_id=identity, **bounds
            )
            if not rows:
                return
            # The same row twice in two parts that were not merged yet: neighbours in this order.
            yield [
                row for before, row in zip([None, *rows], rows, strict=False) if not before or before["id"] != row["id"]
            ]
            key, identity = rows[-1]["key"], str(rows[-1]["id"])

    async def _ask(self, statement: str, choice: Choice, **parameters: Any) -> list[dict[str, Any]]:
        condition, values = chosen(choice.where)
        question = queries("exports")[statement].replace("{where}", condition)
        parameters |= values | span(choice.since, choice.until)
        return await patiently(lambda: self.ask(question, parameters), "read records for an export")
