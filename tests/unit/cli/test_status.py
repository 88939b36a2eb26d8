"""What `trawl status` and `trawl up` say of stores and processes, in which colour, whatever the words hold."""

import io
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

import cli.console
from api.services.health import Dependency, Health
from api.shapes.system import health_body
from cli.board import Board
from cli.commands import status, up

NASTY = "KeyError: [/] [red]x[/red] \x1b[31m and \\"


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What both consoles write, without colours."""
    found = io.StringIO()
    console = Console(file=found, width=200, color_system=None)
    for name in ("out", "err"):
        monkeypatch.setattr(cli.console, name, lambda: console)
    return found


def test_a_store_that_is_up_is_green_and_one_that_is_down_is_red() -> None:
    stores = {"kafka": Dependency(up=True, latency_ms=1), "postgres": Dependency(up=False, latency_ms=9, why="away")}
    health = Health(status="unhealthy", dependencies=stores, processes={}, uptime_seconds=1)
    told = health_body(health, logs=False).model_dump()["dependencies"]
    assert status.dependency("kafka", told["kafka"]) == "  kafka: [green]up[/]"
    assert status.dependency("postgres", told["postgres"]) == "  postgres: [red]down[/] away"


def test_the_words_of_a_crash_cannot_break_the_table(written: io.StringIO) -> None:
    place = SimpleNamespace(folder=Path("/data/[x]"), holder="process 7")
    entry = {"state": "crashed", "pid": 7, "restarts": 1, "why": NASTY, "status": ""}
    status._show(place, {}, {"fetch": entry}, {})  # type: ignore[arg-type]  # as much of a place as it looks at
    assert "[/] [red]x[/red]" in written.getvalue() and "/data/[x]: held by" in written.getvalue()
    assert "\x1b" not in written.getvalue()


def test_the_words_of_what_is_down_cannot_break_the_announcement(written: io.StringIO) -> None:
    endpoints = dict.fromkeys(("gateway", "dashboards", "metrics", "kafka"), "x") | {"public": "https://trawl.example"}
    standing = SimpleNamespace(endpoints=endpoints, folder=Path("/data/[/x]"), made=SimpleNamespace(password=None),
                               down={"fetch": NASTY})  # fmt: skip
    up.announce(standing)  # type: ignore[arg-type]  # as much of it as is told
    assert "[/] [red]x[/red]" in written.getvalue() and "/data/[/x]/logs/fetch.log" in written.getvalue()
    assert "https://trawl.example" in written.getvalue() and "\x1b" not in written.getvalue()


def test_the_words_of_a_crash_cannot_move_the_cursor_of_the_board() -> None:
    found = io.StringIO()
    Board(Console(file=found, width=200, color_system=None)).tell("fetch", "crashed", NASTY)
    assert "[red]x[/red]" in found.getvalue() and "\x1b" not in found.getvalue()
