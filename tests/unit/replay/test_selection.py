"""Which stored pages a replay reads, and where it looks for them."""

import time
from typing import Any

from schemas.replays import Candidate, Replay
from streams.replay.selection import SLACK_S, Selection, span_of


def replay(**fields: Any) -> Replay:
    values: dict[str, Any] = {
        "run_id": "r", "sources": ["s"], "since": None, "until": None, "pattern": "", "planned_to": None,
        "begun_at": 10_000.0, "ended_at": 20_000.0, "reads_to": None, "published": {}, "closing": {},
    }  # fmt: skip
    return Replay(**values | fields)


def visit(path: str, run_id: str = "s") -> Candidate:
    return Candidate(run_id=run_id, url_fp=f"fp {path}", fetch_id=f"fetch {run_id} {path}",
                     url=f"http://a.test{path}", host="a.test", depth=1)  # fmt: skip


def test_with_one_source_a_row_is_a_url_with_several_it_is_a_visit() -> None:
    assert [row.row for row in Selection(replay()).planned([visit("/x")])] == ["fp /x"]
    several = Selection(replay(sources=["s", "t"]))
    assert [row.row for row in several.planned([visit("/x"), visit("/x", "t")])] == ["fetch s /x", "fetch t /x"]


def test_the_pattern_is_searched_for_in_the_whole_url_whatever_a_crawl_would_leave_out() -> None:
    deep = "/product/" + "x/" * 40
    chosen = Selection(replay(pattern="/product/")).planned([visit(deep), visit("/category/y"), visit("/product/z")])
    assert [row.url for row in chosen] == [f"http://a.test{deep}", "http://a.test/product/z"]


def test_a_pattern_that_never_ends_leaves_pages_out_and_gives_up_soon() -> None:
    endless = Selection(replay(pattern="(a|aa)+$"))
    began = time.thread_time()
    assert endless.planned([visit("/" + "a" * 200 + "!") for _ in range(1000)]) == []
    assert time.thread_time() - began < 20, "at its own pace it would be 50"


def test_messages_are_looked_for_while_the_sources_ran_and_until_the_last_page_that_is_meant() -> None:
    assert span_of(replay()) == (10_000 - SLACK_S, 20_000 + SLACK_S)
    assert span_of(replay(ended_at=None)) == (10_000 - SLACK_S, None)
    assert span_of(replay(until=15_000.0, ended_at=None)) == (10_000 - SLACK_S, 15_000 + SLACK_S)
    assert span_of(replay(since=15_000.0))[0] == 10_000 - SLACK_S, "a page may have waited long for extraction"
