"""Topics of a test's own on the shared broker."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import uuid4

import pytest

from infra.kafka import provision as provisioning
from infra.kafka.provision import provision
from schemas.topics import UPLOADS, Topic, topics
from tests.engines import Engines


def declared(**changes: object) -> Topic:
    """A declaration that nobody else uses."""
    return replace(topics()[UPLOADS], name=f"test-{uuid4().hex}", **changes)  # type: ignore[arg-type]


@pytest.fixture
async def topic(engines: Engines, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[str]:
    """An empty topic with one partition."""
    one = declared(partitions=1)
    with monkeypatch.context() as only:
        only.setattr(provisioning, "topics", lambda: {one.name: one})
        await provision(engines.kafka)
    yield one.name
