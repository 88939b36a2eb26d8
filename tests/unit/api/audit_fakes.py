"""The audit log and the processes' logs, in memory."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from schemas.accounts import Act
from schemas.audit import AuditEntry, AuditFilter, ChainStatus, Head
from schemas.observed import LineFilter, RequestFilter, StoredLine, StoredRequest


@dataclass
class FakeAuditLog:
    entries: list[AuditEntry] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)

    def add(self, act: Act, at: datetime | None = None) -> AuditEntry:
        number = len(self.entries) + 1
        entry = AuditEntry(
            id=number, at=at or datetime.now(UTC), actor=act.actor, username=self.names.get(act.actor),
            action=act.action, object=act.object, request_id=act.request_id, address=act.address, details=act.details,
            position=number)  # fmt: skip
        self.entries.append(entry)
        return entry

    async def page(self, wanted: AuditFilter, before: int | None, limit: int) -> list[AuditEntry]:
        found = [one for one in reversed(self.entries) if _fits(one, wanted) and (before is None or one.id < before)]
        return found[:limit]

    async def begin_export(self, act: Act) -> int:
        return self.add(act).id

    async def export(self, wanted: AuditFilter, upto: int) -> AsyncIterator[list[AuditEntry]]:
        for entry in self.entries:
            if entry.id <= upto and _fits(entry, wanted):
                yield [entry]

    async def status(self) -> ChainStatus:
        newest = self.entries[-1] if self.entries else None
        head = Head(position=newest.id, audit_id=newest.id, sealed_at=newest.at, hash=bytes(32)) if newest else None
        return ChainStatus(head=head, waiting=0, oldest_s=0.0)


def _fits(entry: AuditEntry, wanted: AuditFilter) -> bool:
    asked = (wanted.actor in (None, entry.actor, entry.username), wanted.action in (None, entry.action),
             wanted.object in (None, entry.object), wanted.address in (None, entry.address),
             wanted.request_id in (None, entry.request_id), wanted.since is None or entry.at >= wanted.since,
             wanted.until is None or entry.at < wanted.until)  # fmt: skip
    return all(asked)


@dataclass
class FakeProcessLogs:
    kept_requests: list[StoredRequest] = field(default_factory=list)
    kept_lines: list[StoredLine] = field(default_factory=list)
    asked: list[RequestFilter | LineFilter] = field(default_factory=list)

    async def requests(
        self, wanted: RequestFilter, before: tuple[datetime, str] | None, limit: int
    ) -> list[StoredRequest]:
        self.asked.append(wanted)
        found = sorted(self.kept_requests, key=lambda one: (one.at, one.id), reverse=True)
        return [one for one in found if before is None or (one.at, one.id) < before][:limit]

    async def lines(self, wanted: LineFilter, before: tuple[datetime, str] | None, limit: int) -> list[StoredLine]:
        self.asked.append(wanted)
        found = sorted(self.kept_lines, key=lambda one: (one.at, one.id), reverse=True)
        return [one for one in found if one.level in wanted.levels and (before is None or (one.at, one.id) < before)][
            :limit
        ]
