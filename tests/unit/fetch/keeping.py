"""Stores for cookies, credentials and bodies: one that keeps nothing, one that keeps everything in memory."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.cookies import Cookie, KeptCookie
from schemas.credentials import OpenCredential


class NothingKept:
    """For tests that are about something else."""

    async def load(self, run_id: str, site: str) -> list[Cookie]:
        return []

    async def save(self, kept: Sequence[KeptCookie]) -> None:
        return None

    async def open(self, run_id: str, reference: str) -> OpenCredential | None:
        return None

    async def put(self, room: str, data: bytes) -> str:
        raise AssertionError("nothing large was expected")


@dataclass
class Kept:
    """All three; `away` takes them away."""

    cookies: dict[tuple[str, str], dict[str, Cookie]] = field(default_factory=dict)
    credentials: dict[tuple[str, str], OpenCredential] = field(default_factory=dict)
    bodies: dict[str, bytes] = field(default_factory=dict)
    away: bool = False
    asked: int = 0
    """How often something was read."""
    refused: asyncio.Event = field(default_factory=asyncio.Event)
    """A body was not taken."""

    async def load(self, run_id: str, site: str) -> list[Cookie]:
        self._answer()
        return list(self.cookies.get((run_id, site), {}).values())

    async def save(self, kept: Sequence[KeptCookie]) -> None:
        if self.away:
            raise ConnectionError("The store is away.")
        for one in kept:
            self.cookies.setdefault((one.run_id, one.site), {})[one.cookie.id] = one.cookie

    async def open(self, run_id: str, reference: str) -> OpenCredential | None:
        self._answer()
        return self.credentials.get((run_id, reference))

    async def put(self, room: str, data: bytes) -> str:
        if self.away:
            self.refused.set()
            raise ConnectionError("The store is away.")
        ref = f"{room}/2026-01-01/{hashlib.sha256(data).hexdigest()}"
        self.bodies[ref] = data
        return ref

    def _answer(self) -> None:
        self.asked += 1
        if self.away:
            raise ConnectionError("The store is away.")
