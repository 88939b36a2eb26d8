"""An exporter makes a file only while it is its own, and ends soon whatever its stores do."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from api.exporter import service
from api.exporter.service import Exporter
from schemas.choosing import Choice
from schemas.exports import Export
from tests.unit.exporter.records import FakeRows, asked, record


class Slow(FakeRows):
    """Rows that never come to their end."""

    def __init__(self) -> None:
        super().__init__([record(1, title="t")])
        self.reached = asyncio.Event()
        self.let_go = asyncio.Event()

    async def records(self, dataset: str, run_id: str, choice: Choice) -> AsyncIterator[list[Any]]:
        yield self.all
        self.reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.let_go.set()


class Claims:
    """One export to make. What is in `away` is never answered; `mine` is what a renewal says."""

    def __init__(self, *away: str, mine: bool = True) -> None:
        self.away = set(away)
        self.mine = mine
        self.left = [asked("ndjson")]
        self.said: list[str] = []

    async def _say(self, name: str, answer: Any = None) -> Any:
        self.said.append(name)
        if name in self.away:
            await asyncio.Event().wait()
        return answer

    async def rung(self) -> AsyncIterator[None]:
        yield await self._say("rung")
        await asyncio.Event().wait()

    async def take(self) -> Export | None:
        found: Export | None = await self._say("take", self.left.pop() if self.left else None)
        return found

    async def renew(self, export: Export) -> Any:
        return await self._say("renew", self.mine)

    def __getattr__(self, name: str) -> Any:
        answers = {"room": "", "plan": 0, "expire": 0, "to_drop": []}
        return lambda *_, **__: self._say(name, answers.get(name))


def exporter(claims: Claims, rows: Slow, folder: Path, lease_s: float = 60.0) -> Exporter:
    async def nothing() -> int:
        return 0

    return Exporter(
        claims, rows, cast(Any, None), folder=folder, most_bytes=10**6, place=lambda export, attempt: export,
        sweep=nothing, lease_s=lease_s,
    )  # fmt: skip


@pytest.mark.parametrize("claims", [Claims(mine=False), Claims("renew")], ids=["anothers", "store away"])
async def test_who_loses_the_claim_stops_the_work(claims: Claims, tmp_path: Path) -> None:
    rows = Slow()
    await asyncio.wait_for(exporter(claims, rows, tmp_path, lease_s=0.2).one(claims.left.pop()), 60)
    assert rows.let_go.is_set() or not rows.reached.is_set()
    assert not {"finish", "fail", "give_back"} & set(claims.said)


async def test_who_is_told_to_end_gives_back_what_it_makes(tmp_path: Path) -> None:
    claims, rows, stopping = Claims(), Slow(), asyncio.Event()
    running = asyncio.create_task(exporter(claims, rows, tmp_path).run(stopping))
    await asyncio.wait_for(rows.reached.wait(), 60)
    stopping.set()
    await asyncio.wait_for(running, 60)
    assert rows.let_go.is_set() and claims.said.count("give_back") == 1


@pytest.mark.parametrize("away", [("take",), ("plan", "expire"), ("give_back", "renew")])
async def test_who_is_told_to_end_does_so_while_its_store_is_away(
    away: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "_FAREWELL_S", 0.05)
    claims, stopping = Claims(*away), asyncio.Event()
    running = asyncio.create_task(exporter(claims, Slow(), tmp_path).run(stopping))
    while not {away[0], "room"} & set(claims.said):  # noqa: ASYNC110 - it is said within the loop's next rounds
        await asyncio.sleep(0)
    stopping.set()
    await asyncio.wait_for(running, 60)


async def test_a_file_whose_password_cannot_be_known_any_more_is_not_made_at_all(tmp_path: Path) -> None:
    claims, rows = Claims(), Slow()
    await asyncio.wait_for(exporter(claims, rows, tmp_path).one(replace(claims.left.pop(), encrypted=True)), 60)
    assert "fail" in claims.said and not {"finish"} & set(claims.said) and not rows.reached.is_set()
