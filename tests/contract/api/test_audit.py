"""Looking things up in the audit log: the fake and the real one find the same."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from api.ports import AuditLog
from infra.postgres.audit import record
from infra.postgres.audit_log import PostgresAuditLog
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from schemas.accounts import Act
from schemas.audit import AuditEntry, AuditFilter
from tests.unit.api.audit_fakes import FakeAuditLog


@dataclass
class Kept:
    """A log, and a way to add to it."""

    log: AuditLog
    database: Database | None

    async def add(self, act: Act) -> None:
        if self.database is None:
            assert isinstance(self.log, FakeAuditLog)
            self.log.add(act)
            return
        async with self.database.transaction() as connection:
            await record(connection, act)


@pytest.fixture(params=["fake", "real"])
async def kept(request: pytest.FixtureRequest) -> AsyncIterator[Kept]:
    if request.param == "fake":
        yield Kept(FakeAuditLog(), None)
        return
    engines = request.getfixturevalue("engines")
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres, max_size=2) as database:
        yield Kept(PostgresAuditLog(database), database)


async def test_each_filter_finds_the_same_newest_first(kept: Kept) -> None:
    mark = str(uuid4())
    for number in range(4):
        await kept.add(Act(actor=f"{mark}-a", action=f"did {number % 2}", object=f"{mark} {number}", request_id=mark,
                           address=f"192.0.2.{number}", details={"n": number}))  # fmt: skip

    async def found(before: int | None = None, limit: int = 9, **asked: Any) -> list[AuditEntry]:
        return await kept.log.page(AuditFilter(**asked), before, limit)

    async def numbers(**asked: Any) -> list[int]:
        return [entry.details["n"] for entry in await found(**asked)]

    assert await numbers(request_id=mark) == await numbers(actor=f"{mark}-a") == [3, 2, 1, 0]
    assert await numbers(request_id=mark, action="did 1") == [3, 1]
    assert await numbers(object=f"{mark} 2") == await numbers(request_id=mark, address="192.0.2.2") == [2]
    assert await numbers(request_id=mark, actor="nobody") == []
    newest = await found(request_id=mark, limit=2)
    assert [entry.details["n"] for entry in newest] == [3, 2] and newest[0].username is None
    rest = await found(before=newest[-1].id, request_id=mark)
    assert [entry.details["n"] for entry in rest] == [1, 0]
    moments = AuditFilter(request_id=mark, since=rest[-1].at, until=newest[0].at)
    assert {entry.details["n"] for entry in await kept.log.page(moments, None, 9)} == {0, 1, 2}


async def test_an_export_is_oldest_first_and_ends_with_itself(kept: Kept) -> None:
    mark = str(uuid4())
    for number in range(3):
        await kept.add(Act(actor="a", action="did", request_id=mark, details={"n": number}))
    upto = await kept.log.begin_export(Act(actor="a", action="audit_exported", request_id=mark))
    await kept.add(Act(actor="a", action="later", request_id=mark))
    pieces = [piece async for piece in kept.log.export(AuditFilter(request_id=mark), upto)]
    assert [entry.action for piece in pieces for entry in piece] == ["did", "did", "did", "audit_exported"]
