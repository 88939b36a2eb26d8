"""The file of anchors: it only grows, nobody else reads it, and a torn line does not spoil the next one."""

from datetime import UTC, datetime
from pathlib import Path

from infra.anchors import AnchorFile
from schemas.audit import Anchor, Head


def head(position: int) -> Head:
    return Head(position=position, audit_id=position, sealed_at=datetime.now(UTC), hash=bytes([position]) * 32)


def test_what_was_written_is_read_in_its_order(tmp_path: Path) -> None:
    file = AnchorFile(tmp_path / "audit" / "anchors")
    assert list(file.read()) == [] and file.last() is None
    for position in (3, 7):
        file.add(head(position), "2026-01-05T10:30:00.000Z")
    assert [(found.line, found.position) for found in file.read() if isinstance(found, Anchor)] == [(1, 3), (2, 7)]
    last = file.last()
    assert last and (last.position, last.hash) == (7, (bytes([7]) * 32).hex())
    assert file.path.stat().st_mode & 0o777 == 0o600


def test_a_line_that_is_no_anchor_is_told_by_its_number(tmp_path: Path) -> None:
    file = AnchorFile(tmp_path / "anchors")
    file.path.write_bytes(b'{"at": "x", "position": "1", "hash": ""}\n[]\n{"at": "2026')
    file.add(head(9), "2026-01-05T10:30:00.000Z")
    found = list(file.read())
    assert found[:3] == [1, 2, 3] and isinstance(found[3], Anchor) and found[3].position == 9
