"""The hit log: counted without gaps, bounded in memory, complete in its file."""

import json

from demo.hits import VISIT, HitLog


class _Lines:
    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def write(self, line: bytes, /) -> int:
        self.lines.append(line)
        return len(line)


def _scope(path: str, query: bytes = b"", visit: int | None = None) -> dict[str, object]:
    scope: dict[str, object] = {
        "method": "GET",
        "raw_path": path.encode(),
        "query_string": query,
        "headers": [(b"host", b"shop.test"), (b"user-agent", b"tests/1")],
    }
    return scope if visit is None else {**scope, VISIT: visit}


def test_a_hit_is_written_as_one_line_of_json() -> None:
    sink = _Lines()
    HitLog(sink).add(12.5, _scope("/deals", b"a=b", visit=3), 200)
    assert sink.lines[0].endswith(b"}\n")
    assert json.loads(sink.lines[0]) == {
        "n": 1,
        "time": 12.5,
        "method": "GET",
        "path": "/deals?a=b",
        "status": 200,
        "agent": "tests/1",
        "visit": 3,
    }


def test_since_gives_what_came_later() -> None:
    log = HitLog()
    for number in range(1, 6):
        log.add(float(number), _scope(f"/{number}"), 200)
    answer = log.since(3)
    assert [hit["n"] for hit in answer["hits"]] == [4, 5]
    assert (answer["last"], answer["oldest"]) == (5, 1)
    assert log.since(5)["hits"] == []
    assert [hit["n"] for hit in log.since(0, limit=2)["hits"]] == [1, 2]


def test_memory_is_bounded_and_a_gap_can_be_seen() -> None:
    sink = _Lines()
    log = HitLog(sink, kept=3)
    for number in range(1, 8):
        log.add(0.0, _scope(f"/{number}"), 200)
    answer = log.since(2)
    assert [hit["n"] for hit in answer["hits"]] == [5, 6, 7]
    assert answer["oldest"] == 5
    assert len(sink.lines) == 7


def test_an_empty_log_says_so() -> None:
    assert HitLog().since(0) == {"hits": [], "last": 0, "oldest": 1}
