from pathlib import Path

from infra.local.bounded_log import BoundedLog


def test_the_file_is_bounded_and_the_newest_is_kept(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "kafka.log", limit=1000)
    for number in range(500):
        log.write(f"line {number}\n".encode())
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["kafka.log", "kafka.log.1"]
    assert sum(file.stat().st_size for file in files) <= 2100
    assert all(file.stat().st_mode & 0o777 == 0o600 for file in files)
    kept = (tmp_path / "kafka.log.1").read_text() + (tmp_path / "kafka.log").read_text()
    assert kept.endswith("line 498\nline 499\n")


def test_the_last_lines_survive_odd_pieces_and_bad_bytes(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "x.log")
    for piece in (b"first\nsec", b"ond\n\n", b"\xff third", b" end"):
        log.write(piece)
    assert log.last_lines() == ["first", "second", "\ufffd third end"]
    log.forget()
    assert log.last_lines() == []


def test_one_endless_line_takes_no_memory(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path / "x.log", limit=10_000)
    for _ in range(100):
        log.write(b"x" * 1000)
    assert len(log.last_lines()[0]) <= 2000
