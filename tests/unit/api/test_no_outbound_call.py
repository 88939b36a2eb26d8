"""A token that says where its key is makes the gateway ask nobody there (RFC 8725, section 3.10)."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest

from api.auth.signing import KeyRing
from tests.unit.api.conftest import Client


class Ear:
    """A server somewhere else, and who came to it, in their order."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[bytes] = asyncio.Queue()
        self.port = 0

    async def hear(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came.put_nowait(await reader.readline())
        writer.close()

    async def first(self) -> bytes:
        """Whoever came first, if need be we ourselves."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"ourselves\n")
        try:
            return await asyncio.wait_for(self.came.get(), 60)
        finally:
            writer.close()


@pytest.fixture
async def ear() -> AsyncIterator[Ear]:
    found = Ear()
    async with await asyncio.start_server(found.hear, "127.0.0.1", 0) as server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


@pytest.mark.parametrize("names", [("jku",), ("x5u",), ("jku", "x5u", "jwk")])
@pytest.mark.parametrize("ours", [True, False], ids=["a kid of ours", "a kid of nobody"])
async def test_the_gateway_asks_nobody_for_a_key(client: Client, ear: Ear, names: tuple[str, ...], ours: bool) -> None:
    theirs, now = KeyRing("the seed of somebody else"), int(time.time())
    elsewhere = f"http://127.0.0.1:{ear.port}/keys"
    said: dict[str, Any] = {"jku": elsewhere, "x5u": elsewhere, "jwk": theirs.jwks()["keys"][0]}
    kid = client.gateway.tokens.ring.signing().kid if ours else theirs.signing().kid
    header = {"typ": "at+jwt", "kid": kid} | {name: said[name] for name in names}
    claims = {"iss": "trawl", "aud": "trawl-api", "sub": client.world.ids["anna"], "sid": "s", "iat": now,
              "exp": now + 60, "jti": "j"}  # fmt: skip
    token = jwt.encode(claims, theirs.signing().private, "EdDSA", header)
    answer = await client.http.get("/api/v1/auth/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    assert await ear.first() == b"ourselves\n"
