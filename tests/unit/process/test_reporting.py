"""A process tells its metrics and its log as long as it lives, whatever fails on the way."""

import asyncio

import pytest
from structlog.testing import capture_logs

from infra.log_shipping import LogQueue
from infra.process import reporting
from schemas.events import Event, LogEntry, MetricSample


class Moody:
    """A publisher that fails once with each sort of event, as one with a defect does."""

    def __init__(self) -> None:
        self.failed = set[type[Event]]()
        self.told = {MetricSample: asyncio.Event(), LogEntry: asyncio.Event()}

    def send_soon(self, event: Event) -> bool:
        if type(event) not in self.failed:
            self.failed.add(type(event))
            raise ValueError("a defect")
        self.told[type(event)].set()
        return True


async def test_what_fails_once_is_logged_and_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    lines, publisher = LogQueue(), Moody()
    monkeypatch.setattr("infra.logging.SHIPPED", lines)
    monkeypatch.setattr("infra.process._PAUSE_S", 0.001)
    for _ in range(2):
        lines.put({"event": "said"})
    with capture_logs() as logs:
        async with asyncio.timeout(60), reporting("fetch", publisher):
            await asyncio.gather(*(told.wait() for told in publisher.told.values()))
    assert sorted(entry["what"] for entry in logs) == ["logs", "metrics"]
    assert {entry["event"] for entry in logs} == {"not_told"}
