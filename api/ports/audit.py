"""What was done, and what the processes said of it."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from schemas.accounts import Act
from schemas.audit import AuditEntry, AuditFilter, ChainStatus
from schemas.observed import LineFilter, RequestFilter, StoredLine, StoredRequest


class AuditLog(Protocol):
    """Lines of the audit log; nobody can change one through here."""

    async def page(self, wanted: AuditFilter, before: int | None, limit: int) -> list[AuditEntry]:
        """The newest first; those before a line."""
        ...

    async def begin_export(self, act: Act) -> int:
        """Audits an export; the number of the line up to which it goes, which is its own."""
        ...

    def export(self, wanted: AuditFilter, upto: int) -> AsyncIterator[list[AuditEntry]]:
        """Oldest first, up to a line, in pieces."""
        ...

    async def status(self) -> ChainStatus:
        """How far the sealer is."""
        ...


class ProcessLogs(Protocol):
    """What the gateways answered and what the processes said, some seconds after it happened."""

    async def requests(
        self, wanted: RequestFilter, before: tuple[datetime, str] | None, limit: int
    ) -> list[StoredRequest]:
        """Newest first, before the position (at, id)."""
        ...

    async def lines(self, wanted: LineFilter, before: tuple[datetime, str] | None, limit: int) -> list[StoredLine]:
        """Newest first, before the position (at, id)."""
        ...
