"""A server that misbehaves and a fetcher that may visit it, and nothing else."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping

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


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Both loops: they report broken connections in different words."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}
