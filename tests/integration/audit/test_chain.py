"""The audit chain on the real database: what is sealed, when, by whom; and what tampering looks like."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.anchors import AnchorFile
from infra.errors import StoreRefused
from infra.postgres.audit import record
from infra.postgres.audit_chain import AuditChain
from infra.postgres.audit_sealer import AuditSealer
from infra.postgres.audit_verifier import Verified, verify
from infra.postgres.migrate import migrate
from infra.postgres.pool import Database
from schemas.accounts import Act


@pytest.fixture
async def owner(engines: Any) -> AsyncIterator[Database]:
    """Whoever may change every table, with an empty audit log."""
    await migrate(engines.postgres_owner)
    async with Database(engines.postgres_owner, max_size=2) as database:
        await database.fetch("truncate audit, audit_seals, audit_unsealed restart identity")
        yield database
        await database.fetch("truncate audit, audit_seals, audit_unsealed restart identity")


@pytest.fixture
async def database(engines: Any, owner: Database) -> AsyncIterator[Database]:
    """The application's."""
    async with Database(engines.postgres, max_size=6) as found:
        yield found


@pytest.fixture
def anchors(tmp_path: Path) -> AnchorFile:
    return AnchorFile(tmp_path / "anchors")


async def write(database: Database, count: int = 1) -> None:
    for number in range(count):
        async with database.transaction() as connection:
            await record(connection, Act(actor="anna", action="tried", details={"number": number, "text": "ü\u202e\n"}))


async def checked(database: Database, anchors: AnchorFile) -> Verified:
    return await verify(AuditChain(database), anchors.read(), lambda *_: None)


async def kinds(database: Database, anchors: AnchorFile) -> list[tuple[str, int]]:
    return [(finding.kind, finding.audit_id) for finding in (await checked(database, anchors)).findings]


async def eventually(check: Callable[[], Awaitable[Any]]) -> Any:
    deadline = time.monotonic() + 120
    while not (found := await check()):
        assert time.monotonic() < deadline, "it did not come true"
        await asyncio.sleep(0.02)
    return found


async def test_what_commits_late_is_sealed_late_and_once(database: Database, anchors: AnchorFile) -> None:
    chain = AuditChain(database)
    with pytest.raises(StoreRefused):
        async with database.transaction() as undone:
            await record(undone, Act(actor="anna", action="rolled back"))
            await undone.execute("select 1/0")
    async with database.transaction() as late:
        await record(late, Act(actor="anna", action="late"))
        await write(database, 2)
        head = await chain.seal()
        assert head and (head.position, head.audit_id) == (2, 4), "nobody waits for a transaction that is open"
    head = await chain.seal()
    assert head and (head.position, head.audit_id) == (3, 2)
    assert await chain.seal() is None and not await chain.waiting()
    found = await checked(database, anchors)
    assert (found.broken, found.lines) == (0, 3)


async def test_two_who_seal_at_once_seal_each_line_once(engines: Any, database: Database, anchors: AnchorFile) -> None:
    async def seals(chain: AuditChain) -> None:
        while await chain.waiting():
            try:
                await chain.seal(3)
            except StoreRefused:
                await asyncio.sleep(0)

    await write(database, 20)
    async with Database(engines.postgres, max_size=2) as another:
        await asyncio.gather(seals(AuditChain(database)), seals(AuditChain(another)), seals(AuditChain(database)))
    found = await checked(database, anchors)
    assert (found.broken, found.lines) == (0, 20)


_TAMPERING = {
    "a line was edited": ("update audit set actor = 'otto' where id = 3", [("changed", 3)]),
    "its details alone": ("update audit set details = details - 'text' where id = 3", [("changed", 3)]),
    "a line was removed": ("delete from audit where id = 3", [("removed", 3)]),
    "a seal was removed": ("delete from audit_seals where position = 3", [("removed", 0), ("unsealed", 3)]),
    "a line was inserted": (
        "with gone as (delete from audit where id = 3) insert into audit (id, actor, action) overriding system value "
        "values (300, 'otto', 'forged'); delete from audit_unsealed", [("removed", 3), ("unsealed", 300)]),
    "a line that waits was removed": (
        "insert into audit (actor, action) values ('x', 'y'); delete from audit where id = 7", [("removed", 7)]),
    "the tail was cut": (
        "delete from audit where id > 4; delete from audit_seals where position > 4", [("anchor", 0)]),
    "everything was replaced": (
        "update audit set actor = 'otto'; delete from audit_seals; insert into audit_unsealed select id from audit",
        [("anchor", 0)]),
}  # fmt: skip


@pytest.mark.parametrize("how", _TAMPERING)
async def test_whoever_may_change_everything_is_found_out(
    database: Database, owner: Database, anchors: AnchorFile, how: str
) -> None:
    chain = AuditChain(database)
    await write(database, 6)
    head = await chain.seal()
    assert head
    anchors.add(head, datetime.now(UTC).isoformat())
    assert await kinds(database, anchors) == []
    statements, findings = _TAMPERING[how]
    for statement in statements.split("; "):
        await owner.fetch(statement.encode())
    if how == "everything was replaced":
        await chain.seal()
    assert await kinds(database, anchors) == findings


async def test_the_command_names_the_first_broken_line(
    engines: Any, database: Database, owner: Database, anchors: AnchorFile, tmp_path: Path
) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, **engines.environ, "TRAWL_AUDIT_ANCHORS": str(anchors.path)}
        command = [sys.executable, "-m", "cli", "audit", *words]
        return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)

    await write(database, 6)
    head = await AuditChain(database).seal()
    assert head
    anchors.add(head, "2026-01-05T10:30:00.000Z")
    whole = await asyncio.to_thread(run, "verify", "--json")
    assert whole.returncode == 0, whole.stderr
    told = json.loads(whole.stdout)
    assert told["whole"] and (told["lines"], told["anchors"], told["head"]["position"]) == (6, 1, 6)
    await owner.fetch("update audit set action = 'x' where id in (4, 2)")
    broken = await asyncio.to_thread(run, "verify", "--json")
    assert broken.returncode == 1 and json.loads(broken.stdout)["first"]["audit_id"] == 2
    shown = await asyncio.to_thread(run, "verify")
    assert shown.returncode == 1 and shown.stdout.startswith("Broken. First: Line 2 is not what was sealed at 2")
    assert "yes" in (await asyncio.to_thread(run, "anchors")).stdout


async def test_of_two_sealers_one_leads_and_the_other_takes_over(
    engines: Any, database: Database, owner: Database, anchors: AnchorFile, tmp_path: Path
) -> None:
    def sealer(name: str) -> AuditSealer:
        file = AnchorFile(tmp_path / name)
        return AuditSealer(database, engines.postgres, file, lambda: datetime.now(UTC).isoformat(), anchor_s=0.2)

    async def sealed() -> bool:
        return not await AuditChain(database).waiting()

    async def anchored(name: str) -> bool:
        return AnchorFile(tmp_path / name).last() is not None

    first, stop = sealer("first"), asyncio.Event()
    leading = asyncio.create_task(first.run(stop))
    await write(database)
    await eventually(lambda: anchored("first"))
    async with sealer("second").sealing():
        await write(database, 3)
        await eventually(sealed)
        row = (await owner.fetch("select max(s.sealed_at - a.at) as lag from audit_seals s join audit a on a.id = "
                                 "s.audit_id where a.id > 1"))[0]  # fmt: skip
        assert row["lag"].total_seconds() < 5, "it takes half a second; a second is promised"
        assert not await anchored("second"), "it stands by"
        stop.set()
        await leading
        await write(database, 2)
        await eventually(sealed)
    assert await anchored("second"), "what was sealed before a tidy end is anchored"
    for name in ("first", "second"):
        found = await checked(database, AnchorFile(tmp_path / name))
        assert (found.broken, found.lines) == (0, 6) and found.anchors
