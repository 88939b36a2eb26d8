"""What is said of an event that no table could hold."""

import pytest

from schemas.delivery import Delivery
from schemas.events import LogEntry
from schemas.ids import digest
from schemas.message import Message
from schemas.topics import LOGS
from streams.warehouse.flaws import plain_flaw

AT = "2026-03-01T12:00:00Z"
ID = digest("a line")


@pytest.mark.parametrize(
    ("id", "at", "flaw"),
    [
        (ID, AT, ""),
        (ID.upper(), AT, "id must be a lower-case UUID."),
        (ID, "yesterday", "at must be a time as RFC 3339 writes it."),
    ],
)
def test_a_log_line_needs_an_id_and_a_time_and_no_run_that_there_is(id: str, at: str, flaw: str) -> None:
    line = LogEntry(id=id, at=at, level="info", process="fetch", event="visited", run_id="no UUID")
    assert plain_flaw(Delivery(Message(LOGS, 0, 0, None, b""), line)) == flaw
