"""Every line of a log is one JSON object, whatever was logged; and a bounded queue of them is on its way to Kafka."""

import json
import logging
import subprocess
import sys

import pytest

from infra.log_shipping import LogQueue
from infra.logging import line, redact
from schemas import codec
from schemas.events import Event, LogEntry
from tests.unit.api.naughty import NAUGHTY

_HARD = ["\x00\x1b[2J\x7f\x9b31m", "\u202eabc\u2066", "\ud800", "a\udcffb", "\u2028\u2029", "\ufeff", "𝕏", '"\\\n\r\t']


@pytest.mark.parametrize("words", _HARD)
def test_a_hard_text_is_valid_json_on_one_line_of_visible_characters(words: str) -> None:
    written = line(None, "", redact(None, "", {"event": words, words: words, "nested": {"a": [words]}}))
    assert b"\n" not in written and isinstance(json.loads(written), dict)
    assert all(letter.isprintable() for letter in written.decode())


def test_naughty_strings_are_valid_json() -> None:
    for words in NAUGHTY:
        found = json.loads(line(None, "", redact(None, "", {"event": "said", "words": words})))
        assert isinstance(found["words"], str)


def test_a_whole_process_writes_nothing_but_json() -> None:
    program = """
import logging, warnings, asyncio, structlog
from infra import logging as logs
logs.configure("trial", "info")
log = structlog.get_logger()
log.info("bad \\ud800 \\u202e", password="hunter2", error=ValueError("\\x00"), n=float("nan"), big=2**80, o=object())
logging.getLogger("library").error("%d", "no number")
logging.getLogger("library").error("said \\u00e9", exc_info=ValueError("Bearer hunter2hunter2"))
warnings.warn("a warning")
try:
    raise RuntimeError("token=hunter2")
except RuntimeError:
    log.exception("failed")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, env={"LC_ALL": "C", "PYTHONUTF8": "0",
                          "PYTHONCOERCECLOCALE": "0"}, timeout=250, check=True)  # fmt: skip
    lines = [json.loads(written) for written in done.stderr.splitlines()]
    assert [told["level"] for told in lines] == ["info", "error", "error", "warning", "error"]
    assert b"hunter2" not in done.stderr
    assert {told["process"] for told in lines} == {"trial"}


class Taker:
    """A publisher with room for some events."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.taken: list[LogEntry] = []

    def send_soon(self, event: Event) -> bool:
        assert isinstance(event, LogEntry)
        if len(self.taken) >= self.room:
            return False
        self.taken.append(event)
        return True


def test_the_queue_is_bounded_and_keeps_its_order() -> None:
    queue, taker = LogQueue(most=5), Taker(room=3)
    for number in range(8):
        queue.put(
            {"event": f"e{number}", "level": "info", "timestamp": "2026-01-05T10:30:00Z", "run_id": "r", "n": number}
        )
    assert queue.dropped == 3
    queue.hand_over(taker)
    taker.room = 100
    queue.hand_over(taker)
    assert [entry.event for entry in taker.taken] == ["e3", "e4", "e5", "e6", "e7"]
    assert taker.taken[0].fields == {"n": 3} and taker.taken[0].run_id == "r"
    assert codec.decode("logs", codec.encode(taker.taken[0])) == taker.taken[0]


def test_levels_are_those_that_the_gateway_asks_for() -> None:
    assert {logging.getLevelName(level).lower() for level in (10, 20, 30, 40, 50)} == {
        "debug", "info", "warning", "error", "critical"}  # fmt: skip
