"""What the gateway says of itself goes on its way again, whatever became of its publisher."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from api.telemetry import SendSoon, Telemetry
from schemas.events import Event, MetricSample
from tests.unit.api.eventually import eventually

SAMPLE = MetricSample(id="a", process="gateway", instance="here", at="2026-01-05T10:30:00.000Z", values={})


class Away(Exception):
    """No broker."""


class Publisher:
    def __init__(self) -> None:
        self.sent: list[Event] = []

    def send_soon(self, event: Event) -> bool:
        self.sent.append(event)
        return True


@pytest.mark.parametrize(("failure", "level"), [(Away("no broker"), "info"), (KeyError("a defect"), "error")])
async def test_a_publisher_that_fails_is_followed_by_the_next(
    failure: Exception, level: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.telemetry._PAUSE_S", 0.001)
    failures, publisher = [failure, failure], Publisher()

    @asynccontextmanager
    async def connect() -> AsyncIterator[SendSoon]:
        if failures:
            raise failures.pop()
        yield publisher

    with capture_logs() as logs:
        async with Telemetry(connect, (Away,)) as telemetry:
            await eventually(lambda: telemetry.send_soon(SAMPLE))
    assert publisher.sent == [SAMPLE]
    assert [(entry["event"], entry["log_level"]) for entry in logs] == [("waiting", level)] * 2
