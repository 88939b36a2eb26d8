"""What `up` shows: on a terminal one line a unit, in a log one line a change."""

import io

from rich.console import Console

from cli.board import Board


def board(terminal: bool) -> tuple[Board, io.StringIO]:
    written = io.StringIO()
    moments = iter(float(number) for number in range(1000))
    console = Console(file=written, force_terminal=terminal, width=100, color_system=None)
    return Board(console, clock=lambda: next(moments)), written


def test_in_a_log_each_change_that_matters_is_a_line() -> None:
    shown, written = board(terminal=False)
    with shown:
        shown.tell("kafka", "waiting", "")
        shown.tell("kafka", "starting")
        shown.tell("kafka", "ready", "port 9092")
        shown.tell("fetch", "crashed", "killed by SIGKILL; starts again in 0.2 s")
    lines = written.getvalue().splitlines()
    assert len(lines) == 2
    assert "kafka" in lines[0]
    assert "1.0 s · port 9092" in lines[0]
    assert "killed by SIGKILL" in lines[1]


def test_on_a_terminal_each_unit_has_one_line_with_what_it_waits_for() -> None:
    shown, _ = board(terminal=True)
    shown.tell("kafka", "starting")
    shown.tell("gateway", "waiting", "waits for kafka")
    drawn = io.StringIO()
    Console(file=drawn, width=100).print(shown)
    lines = drawn.getvalue().splitlines()
    assert len(lines) == 2
    assert "waits for kafka" in lines[1]


def test_the_download_has_a_bar_until_it_is_whole() -> None:
    shown, _ = board(terminal=True)
    shown.downloading(50_000_000, 100_000_000)
    half = io.StringIO()
    Console(file=half, width=100).print(shown)
    assert "50 of 100 MB" in half.getvalue()
    shown.downloading(100_000_000, 100_000_000)
    whole = io.StringIO()
    Console(file=whole, width=100).print(shown)
    assert "MB" not in whole.getvalue()


def test_after_the_start_a_crash_is_still_said() -> None:
    shown, written = board(terminal=False)
    with shown:
        pass
    shown.tell("trends", "down", "5 crashes, too many in a short time")
    assert "trends" in written.getvalue()


def test_a_long_reason_is_one_line() -> None:
    shown, written = board(terminal=False)
    shown.tell("trends", "crashed", "exited with code 70: Traceback\n  File x\n" + "y" * 5000)
    assert len(written.getvalue().splitlines()) == 1
    assert "exited with code 70" in written.getvalue()
    assert len(written.getvalue()) < 220
    drawn = io.StringIO()
    Console(file=drawn, width=60).print(shown)
    assert len(drawn.getvalue().splitlines()) == 1
