"""A server that misbehaves and a fetcher that may visit it, and nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import uvloop

from infra.http.exchange import HttpFetcher
from tests.integration.http.misbehaving import MisbehavingServer


@pytest.fixture
async def server() -> AsyncIterator[MisbehavingServer]:
    async with MisbehavingServer() as running:
        yield running


@pytest.fixture
async def fetcher(server: MisbehavingServer) -> AsyncIterator[HttpFetcher]:
    async with HttpFetcher(allow=[f"127.0.0.1:{server.port}"]) as fetching:
        yield fetching


@pytest.fixture(params=[asyncio.DefaultEventLoopPolicy, uvloop.EventLoopPolicy], ids=["asyncio", "uvloop"])
def event_loop_policy(request: pytest.FixtureRequest) -> asyncio.AbstractEventLoopPolicy:
    """Both loops: they report broken connections in different words."""
    policy: asyncio.AbstractEventLoopPolicy = request.param()
    return policy
