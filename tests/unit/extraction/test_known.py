"""A link is told to the frontier once, unless it comes nearer to a seed, and never before its row is there."""

from dataclasses import replace

from schemas.closings import Closing
from schemas.frontier import FoundLink
from streams.extraction.known import KnownLinks


def closing(*depths: int, run: str = "a") -> Closing:
    """A page of a run that links to URLs 0, 1, 2 … at these depths."""
    links = [
        FoundLink(url_fp=str(number), url=f"http://site.test/{number}", host="site.test", depth=depth)
        for number, depth in enumerate(depths)
    ]
    return Closing(run_id=run, url_fp="p", host="site.test", fetch_id="f", attempt=1, tries=0, whole=True,
                   outcome="fetched", klass="fetched", links=links)  # fmt: skip


def test_what_is_written_is_not_told_again() -> None:
    known = KnownLinks()
    assert known.unknown(closing(1, 2)) == closing(1, 2), "to ask is not to write"
    known.written(closing(1, 2))
    assert not known.unknown(closing(1, 2)).links and not known.unknown(closing(2, 9)).links
    assert [link.url_fp for link in known.unknown(closing(1, 2, 2)).links] == ["2"]


def test_a_shorter_way_is_told() -> None:
    known = KnownLinks()
    known.written(closing(3))
    assert known.unknown(closing(2)).links == closing(2).links
    known.written(closing(2))
    assert not known.unknown(closing(2)).links


def test_runs_are_kept_apart() -> None:
    known = KnownLinks()
    known.written(closing(1))
    assert known.unknown(closing(1, run="b")).links


def test_it_is_bounded_and_forgets_the_run_used_least_lately() -> None:
    known = KnownLinks(most=5)
    for run in "abc":
        known.written(closing(1, 1, run=run))
    assert known.unknown(closing(1, run="a")).links
    assert not known.unknown(closing(1, run="b")).links and not known.unknown(closing(1, run="c")).links
    known.written(replace(closing(*[1] * 6), run_id="d"))
    assert known.unknown(closing(1, run="d")).links, "one that is too large for it alone begins anew"
