"""The `trawl` command as a whole: help everywhere, sentences instead of tracebacks, nothing loaded before its time."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from cli.main import app
from cli.processes import PROCESSES

ROOT = Path(__file__).resolve().parents[3]


def leaves(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The path of every command."""
    for name, child in getattr(command, "commands", {}).items():
        yield (*path, name)
        yield from leaves(child, (*path, name))


COMMANDS = sorted(leaves(get_command(app)))


def trawl(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """As people run it, in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *words], capture_output=True, text=True, cwd=ROOT, timeout=250, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environ},
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example(command: tuple[str, ...]) -> None:
    said = CliRunner().invoke(app, [*command, "--help"])
    assert said.exit_code == 0
    assert "Example:" in said.output
    assert f"trawl {' '.join(command)}" in " ".join(said.output.replace("…", "").split())


def test_the_help_lists_every_process_and_what_people_need() -> None:
    names = {command[0] for command in COMMANDS}
    assert {process.name for process in PROCESSES} <= names
    assert {"up", "down", "status", "demo", "scrape", "jobs", "watch", "env", "health", "provision"} <= names


def test_help_loads_no_room_and_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['trawl', '--help']\nimport cli.main\ntry: cli.main.main()\nexcept SystemExit: pass\n"
    )
    code += "print(' '.join(sorted(sys.modules)), file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=250, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    heavy = {"rich", "httpx", "pydantic", "msgspec", "numpy", "aiokafka", "psycopg", "bokeh", "fastapi"}
    rooms = {"api", "producers", "streams", "dashboards", "infra", "schemas", "demo"}
    assert loaded & (heavy | rooms) == set()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["status"], 3, "Nothing runs on"),
        (["down"], 3, "Nothing runs on"),
        (["env"], 3, "start it with `trawl up`"),
        (["jobs"], 3, "start it with `trawl up`"),
        (["scrape", "http://127.0.0.1:1/", "--url", "http://127.0.0.1:1"], 3, "TRAWL_API_KEY"),
        (["fetch"], 3, "No address for"),
        (["nonsense"], 2, "No such command"),
        (["scrape"], 2, "Missing argument"),
    ],
)
def test_an_error_is_a_sentence_and_an_exit_code(words: list[str], code: int, said: str, tmp_path: Path) -> None:
    done = trawl(*words, XDG_DATA_HOME=str(tmp_path))
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_gateway_that_is_not_there_is_said(tmp_path: Path) -> None:
    done = trawl("jobs", "--url", "http://127.0.0.1:1", XDG_DATA_HOME=str(tmp_path), TRAWL_API_KEY="k")
    assert done.returncode == 3
    assert "No gateway answers at http://127.0.0.1:1" in done.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    done = trawl("status", XDG_DATA_HOME=str(tmp_path), TRAWL_DEBUG="1")
    assert "Traceback" in done.stderr


def test_the_console_script_is_declared_as_it_is() -> None:
    assert isinstance(app, typer.Typer)
    assert 'trawl = "cli.main:main"' in (ROOT / "pyproject.toml").read_text()
