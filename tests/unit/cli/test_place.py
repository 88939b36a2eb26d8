"""Which Trawl a command means."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.errors import NotRunning
from cli.place import demo_folder, find, gateway
from infra.local.lock import exclusive
from infra.settings import default_data_folder


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv("TRAWL_API_KEY", raising=False)
    yield tmp_path


def running(folder: Path) -> None:
    """What `up` leaves for others."""
    for room in ("run", "secrets"):
        (folder / room).mkdir(parents=True)
    (folder / "run" / "endpoints.json").write_text(json.dumps({"gateway": "http://127.0.0.1:8000/", "kafka": "k:1"}))
    (folder / "secrets" / "cli_key").write_text("trawl_key\n")


def test_the_default_folder_is_meant_unless_only_the_demo_runs() -> None:
    mine, demo = default_data_folder(), demo_folder()
    for folder in (mine, demo):
        running(folder)
    assert find(None).folder == mine
    with exclusive(demo / "lock", "trawl demo", what="The folder"):
        assert find(None).folder == demo
        with exclusive(mine / "lock", "trawl up", what="The folder"):
            assert find(None).folder == mine


def test_a_named_folder_is_meant_whatever_runs(home: Path) -> None:
    running(demo_folder())
    with exclusive(demo_folder() / "lock", "trawl demo", what="The folder"):
        assert find(home / "other").folder == home / "other"


def test_the_gateway_and_its_key_are_those_of_the_folder(home: Path) -> None:
    running(home / "here")
    assert gateway(home / "here", None) == ("http://127.0.0.1:8000", "trawl_key")


def test_a_key_of_the_environment_wins(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    running(home / "here")
    monkeypatch.setenv("TRAWL_API_KEY", "mine")
    assert gateway(home / "here", None)[1] == "mine"
    assert gateway(None, "https://trawl.example/") == ("https://trawl.example", "mine")


def test_the_folders_own_key_is_never_sent_elsewhere(home: Path) -> None:
    running(default_data_folder())
    with pytest.raises(NotRunning, match="TRAWL_API_KEY"):
        gateway(None, "https://trawl.example")


def test_nothing_runs(home: Path) -> None:
    with pytest.raises(NotRunning, match="trawl up"):
        gateway(home / "empty", None)


def test_no_key_yet(home: Path) -> None:
    running(home / "here")
    (home / "here" / "secrets" / "cli_key").unlink()
    with pytest.raises(NotRunning, match="No API key"):
        gateway(home / "here", None)
