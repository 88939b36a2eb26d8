"""Addresses without an end, and those that only look like it."""

import pytest

from schemas.scope import Scope
from schemas.traps import MAX_CHAIN, MAX_PARAMETERS, MAX_SEGMENTS

SITE = "http://site.test"


def verdict(path: str, depth: int = 1, found_on: str = "/", *, chains: bool = True) -> str | None:
    return Scope([SITE + "/"], max_depth=1000, chains=chains).verdict(SITE + path, depth, SITE + found_on)


@pytest.mark.parametrize(
    "path",
    [
        "/a/b/a/b/a/b",
        "/x/a/b/a/b/a/b/y",
        "/a/a/a/a/a/a",
        "/en/news/2024/en/news/2024/en/news/2024/x.html",
        "/" + "/".join(f"s{number}" for number in range(MAX_SEGMENTS + 1)),
        "/p?" + "&".join(f"f{number}=1" for number in range(MAX_PARAMETERS + 1)),
    ],
)
def test_what_repeats_itself_or_never_stops_growing_is_left_out(path: str) -> None:
    assert (verdict(path) or "").startswith("trap: ")


@pytest.mark.parametrize(
    "path",
    [
        "/a/b/a/b",
        "/a/b/c/a/b/c/d",
        "/2011/11/11/11/index.html",
        "/tiles/0/0/0/0/0.png",
        "/library/python/3/library/python/index.html",
        "/" + "/".join(f"s{number}" for number in range(MAX_SEGMENTS)),
        "/p?" + "&".join(f"f{number}=1" for number in range(MAX_PARAMETERS)),
        "/a//b//c//d/",
    ],
)
def test_what_real_sites_have_is_none(path: str) -> None:
    assert verdict(path) is None


def test_a_calendar_ends_some_day() -> None:
    months = [f"/calendar?year={2026 + month // 12}&month={month % 12 + 1}" for month in range(MAX_CHAIN + 2)]
    steps = [verdict(month, depth, months[depth - 1]) for depth, month in enumerate(months) if depth]
    assert steps[:MAX_CHAIN] == [None] * MAX_CHAIN
    assert steps[MAX_CHAIN] == f"trap: more than {MAX_CHAIN} links away, and only numbers have changed"
    assert verdict("/calendar/event-7", MAX_CHAIN + 1, months[-1]) is None, "what a far page links to is no chain"


def test_a_job_that_says_how_deep_it_goes_is_taken_at_its_word() -> None:
    assert verdict("/list?page=500", 500, "/list?page=499", chains=False) is None
    assert verdict("/list?page=500", 500, "/list?page=499") is not None
