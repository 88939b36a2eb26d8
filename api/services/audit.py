"""The audit log for administrators: looking things up, taking it away, and how far its sealing is."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict
from typing import Literal, TypeAlias

import orjson

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.exporter.formats.table import neutral
from api.ports import AuditLog
from api.services.cursors import Page, cut, foreign, pack, unpack
from schemas.audit import AuditEntry, AuditFilter, ChainStatus

ExportKind: TypeAlias = Literal["ndjson", "csv"]
COLUMNS = tuple(AuditEntry.__dataclass_fields__)
MEDIA: dict[ExportKind, str] = {"ndjson": "application/x-ndjson", "csv": "text/csv; charset=utf-8"}


class AuditReading:
    """Reading leaves a line in the request log, and an export one in the audit log itself."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    async def page(self, wanted: AuditFilter, cursor: str | None, limit: int) -> Page[AuditEntry]:
        """The newest first. ApiError 422 for a cursor of another list."""
        position = unpack(cursor, (str,))
        found = await self._log.page(wanted, _number(position[0]) if position else None, limit + 1)
        return cut(found, limit, lambda entry: pack(str(entry.id)))

    async def export(self, caller: Caller, wanted: AuditFilter, kind: ExportKind, visit: Visit) -> AsyncIterator[bytes]:
        """Lines in pieces, oldest first, up to the one that says that this export was made."""
        asked = {name: str(value) for name, value in asdict(wanted).items() if value is not None}
        upto = await self._log.begin_export(visit.act(caller.user_id, "audit_exported", "", format=kind, filter=asked))
        return _written(self._log.export(wanted, upto), _FORMS[kind], _HEADS[kind])

    async def status(self) -> ChainStatus:
        """How far the sealer is."""
        return await self._log.status()


async def _written(
    pieces: AsyncIterator[list[AuditEntry]], form: Callable[[Sequence[AuditEntry]], bytes], head: bytes
) -> AsyncIterator[bytes]:
    if head:
        yield head
    async for piece in pieces:
        yield form(piece)


def _ndjson(piece: Sequence[AuditEntry]) -> bytes:
    return b"".join(orjson.dumps(asdict(entry)) + b"\n" for entry in piece)


def _csv(piece: Sequence[AuditEntry]) -> bytes:
    written = io.StringIO()
    writer = csv.writer(written)
    for entry in piece:
        row = asdict(entry) | {"at": entry.at.isoformat(), "details": orjson.dumps(entry.details).decode()}
        writer.writerow([value if isinstance(value, int) else neutral(value or "") for value in row.values()])
    return written.getvalue().encode()


_FORMS: dict[ExportKind, Callable[[Sequence[AuditEntry]], bytes]] = {"ndjson": _ndjson, "csv": _csv}
_HEADS: dict[ExportKind, bytes] = {"ndjson": b"", "csv": ",".join(COLUMNS).encode() + b"\r\n"}


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise foreign()
    return int(text)
