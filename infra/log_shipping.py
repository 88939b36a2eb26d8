"""Log lines on their way to the topic `logs`: bounded, and never waited for.

Whoever logs puts a line into a queue that forgets the oldest when it is full. A task beside the process's work hands
them to its publisher four times a second. What Kafka did not take is in the process's own log all the same.
"""

import asyncio
import os
import socket
from collections import deque
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import uuid4

from schemas.events import Event, LogEntry

MOST = 2000
_AT_ONCE = 200
"""Lines a quarter of a second: a publisher holds a thousand events, of which metrics and the request log need some."""
_EVERY_S = 0.25
_APART = frozenset({"timestamp", "level", "process", "event", "run_id"})


class SendSoon(Protocol):
    """Publishes in the background."""

    def send_soon(self, event: Event) -> bool:
        """False when the event was dropped; never waits."""
        ...


class LogQueue:
    """Lines of one process. Any thread may put, one task takes. `dropped` counts lines that never reached Kafka."""

    def __init__(self, most: int = MOST) -> None:
        self.process = ""
        self.dropped = 0
        self._lines: deque[LogEntry] = deque(maxlen=most)

    def put(self, event: Mapping[str, Any]) -> None:
        """A line that is already plain and redacted."""
        if len(self._lines) == self._lines.maxlen:
            self.dropped += 1
        self._lines.append(_entry(event, self.process))

    def hand_over(self, publisher: SendSoon, most: int = _AT_ONCE) -> None:
        """Up to `most` lines, oldest first. A line that the publisher has no room for stays, and so do those behind."""
        for _ in range(min(most, len(self._lines))):
            entry = self._lines.popleft()
            if not publisher.send_soon(entry):
                self._lines.appendleft(entry)
                return

    async def ship(self, publisher: SendSoon) -> None:
        """For ever."""
        while True:
            self.hand_over(publisher)
            await asyncio.sleep(_EVERY_S)


def _entry(event: Mapping[str, Any], process: str) -> LogEntry:
    return LogEntry(
        id=str(uuid4()),
        at=str(event.get("timestamp", "")),
        level=str(event.get("level", "info")),
        process=process,
        event=str(event.get("event", ""))[:500],
        run_id=str(event.get("run_id") or "")[:100],
        instance=f"{socket.gethostname()}:{os.getpid()}",
        fields={name: value for name, value in event.items() if name not in _APART},
    )
