"""Passwords: argon2id (RFC 9106, its second recommended option: 64 MiB, three passes), off the event loop.

A hash takes some 150 ms of a core on purpose. A few threads do them one after another, and only so many may wait:
beyond that the answer is 503 and not a gateway without memory.
"""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import ParamSpec, Self, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import hash_secret_raw

from api.errors import unavailable

P = ParamSpec("P")
T = TypeVar("T")


class Passwords:
    """Hashes and checks passwords. `hasher` is for tests, which have no time to be safe."""

    def __init__(self, threads: int = 2, queue: int = 64, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._threads = threads
        self._room = threads + queue
        self._waiting = 0
        self._pool: ThreadPoolExecutor | None = None
        self._nobodys = ""

    async def __aenter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="argon2")
        self._nobodys = await self.hash(secrets.token_urlsafe(32))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None

    async def hash(self, password: str) -> str:
        """The hash to keep, in PHC format with its own salt."""
        return await self._run(self._hasher.hash, _normal(password))

    async def derive(self, code: str, salt: bytes) -> bytes:
        """The same slow work for a short code with a salt of its owner's: alike for alike, so that a store can find it
        and spend it in one step."""
        cost = self._hasher
        return await self._run(
            hash_secret_raw, code.encode(), salt, cost.time_cost, cost.memory_cost, cost.parallelism, 32, cost.type
        )

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether the password is the one. Without a hash (no such account) it takes as long, and says no."""
        return await self._run(self._matches, password_hash, password)

    def _matches(self, password_hash: str | None, password: str) -> bool:
        try:
            right = self._hasher.verify(password_hash or self._nobodys, _normal(password))
            # An account that signs in by other ways has an empty hash: no password is the right one.
            return right and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, work: Callable[P, T], *values: P.args, **named: P.kwargs) -> T:
        assert self._pool, "Use `async with` first."
        if self._waiting >= self._room:
            raise unavailable("Too many sign-ins at once; try again shortly.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, partial(work, *values, **named))
        finally:
            self._waiting -= 1


def _normal(password: str) -> str:
    # One text, however the keyboard composed it (NIST SP 800-63B-4, 3.1.1.2).
    return unicodedata.normalize("NFC", password)
