"""The chain, link by link: what each kind of tampering looks like to whoever walks along it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from schemas.audit import BEGINNING, SealedLine, digest
from schemas.audit_walk import MOST_FINDINGS, Link, Walk

_SECOND = 1_000_000
_HOUR = 3600 * _SECOND


def line(number: int, at_us: int | None = None) -> SealedLine:
    at = number * _SECOND if at_us is None else at_us
    return SealedLine(id=number, at_us=at, actor="anna", action="job_created", object=f"job {number}",
                      request_id=f"req_{number}", address="192.0.2.7", details='{"a": 1}')  # fmt: skip


def sealed(lines: Iterable[tuple[SealedLine, int]]) -> list[Link]:
    """A chain over lines, each sealed at its moment."""
    found, before = [], BEGINNING
    for position, (one, moment) in enumerate(lines, 1):
        before = digest(before, position, moment, one)
        found.append(Link(position=position, audit_id=one.id, sealed_us=moment, hash=before, line=one))
    return found


def chain(count: int = 5) -> list[Link]:
    return sealed((line(number), number * _SECOND) for number in range(1, count + 1))


def walked(links: Iterable[Link]) -> list[tuple[str, int, int]]:
    walk = Walk()
    for link in links:
        walk.step(link)
    assert walk.broken == len(walk.findings)
    return [(finding.kind, finding.audit_id, finding.position) for finding in walk.findings]


def test_a_chain_that_nobody_touched_is_whole() -> None:
    assert walked(chain()) == []


@pytest.mark.parametrize("column", [name for name in SealedLine.__dataclass_fields__])
def test_each_column_is_covered(column: str) -> None:
    links = chain()
    assert links[2].line
    before = getattr(links[2].line, column)
    other: Any = before + 1 if isinstance(before, int) else before + "x"
    edited = replace(links[2].line, **{column: other})
    links[2] = replace(links[2], line=edited)
    assert walked(links) == [("changed", 3, 3)]


def test_a_changed_seal_is_named_and_so_is_the_one_that_follows_it() -> None:
    links = chain()
    links[1] = replace(links[1], hash=bytes(32))
    assert walked(links) == [("changed", 2, 2), ("changed", 3, 3)]


def test_a_line_or_a_seal_that_is_gone_is_named() -> None:
    links = chain()
    assert walked([*links[:2], replace(links[2], line=None), *links[3:]]) == [("removed", 3, 3)]
    assert walked([*links[:2], *links[3:]]) == [("removed", 0, 3)]


def test_no_two_lines_have_the_same_encoding() -> None:
    one = line(1)
    shifted = replace(one, actor=one.actor + one.action[0], action=one.action[1:])
    assert digest(BEGINNING, 1, 0, one) != digest(BEGINNING, 1, 0, shifted)


def test_a_line_that_was_inserted_into_the_past_is_named_although_it_is_sealed() -> None:
    usual = [(line(number), number * _SECOND) for number in range(10, 20)]
    late = 10 * _SECOND + 2 * _HOUR
    assert walked(sealed([*usual, (line(5, late), late)])) == [("inserted", 5, 11)], "by its number"
    recent = (line(30, late), late)
    assert walked(sealed([*usual, recent, (line(31, 12 * _SECOND), late)])) == [("inserted", 31, 12)], "by its time"
    assert walked(sealed([*usual, (line(9, 9 * _SECOND), 21 * _SECOND)])) == [], "a deed that committed late is none"


def test_sealing_after_a_long_pause_is_no_tampering() -> None:
    away = 100 * _HOUR
    assert walked(sealed((line(number), away) for number in (1, 2, 4000, 90_000))) == []


def test_findings_are_bounded() -> None:
    walk = Walk()
    for link in chain(MOST_FINDINGS + 50):
        walk.step(replace(link, line=None))
    assert (walk.broken, len(walk.findings)) == (MOST_FINDINGS + 50, MOST_FINDINGS)
