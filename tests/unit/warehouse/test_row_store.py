"""What ClickHouse's answers mean to an insert."""

import asyncio
from typing import Any

import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, OperationalError

from infra.clickhouse import row_store
from infra.clickhouse.row_store import RowStore
from infra.errors import StoreRefused
from schemas.inserts import Rows


class Server:
    """Answers an insert with one error after the other, and then takes it."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.inserts: list[tuple[bytes, dict[str, Any]]] = []

    def raw_insert(self, table: str, insert_block: bytes, fmt: str, settings: dict[str, Any]) -> None:
        self.inserts.append((insert_block, settings))
        if self._errors:
            raise self._errors.pop(0)


def store(monkeypatch: pytest.MonkeyPatch, *errors: Exception) -> tuple[RowStore, Server]:
    server = Server(*errors)
    monkeypatch.setattr(row_store, "connect", lambda url, **_: server)
    return RowStore("http://clickhouse.test"), server


PASSING = [
    OperationalError("no answer"),
    ConnectionResetError(),
    DatabaseError("no space", code=243),
    DatabaseError("too many parts", code=252),
    DatabaseError("memory", code=241),
]


@pytest.mark.parametrize("error", PASSING, ids=repr)
async def test_what_passes_is_waited_out_with_the_same_token(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    rows, server = store(monkeypatch, error, error)
    await rows.insert(Rows("batches", b"{}", 1), "token")
    assert len(server.inserts) == 3
    assert server.inserts[0] == server.inserts[1] == server.inserts[2]
    assert server.inserts[0][1]["insert_deduplication_token"] == "token"
    assert server.inserts[0][1]["async_insert"] == 0


async def test_what_does_not_pass_is_said_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, server = store(monkeypatch, DatabaseError("Cannot parse", code=27))
    with pytest.raises(StoreRefused, match="Cannot parse"):
        await rows.insert(Rows("batches", b"{}", 1), "token")
    assert len(server.inserts) == 1


async def test_who_asks_for_a_run_is_told_at_once_that_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Dispatch conducts every other run meanwhile."""
    asked: list[float] = []

    def away(url: str, *, timeout: float) -> None:
        asked.append(timeout)
        raise ConnectionRefusedError

    monkeypatch.setattr(row_store, "connect", away)
    async with asyncio.timeout(60):
        assert await RowStore("http://clickhouse.test").of_run("r") is None
    assert len(asked) == 1 and asked[0] <= 5


async def test_a_table_that_is_not_ours_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    rows, _ = store(monkeypatch)
    with pytest.raises(StoreRefused, match="no table"):
        await rows.recent_ids("users; drop table records", [], 1)
