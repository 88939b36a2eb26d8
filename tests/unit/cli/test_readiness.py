"""What a container's health check learns from a process that runs alone."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from cli.errors import NotRunning
from cli.readiness import told, witnessed
from infra import notify


def until_written(file: Path, text: str) -> None:
    """Waits until the witness has written what was said."""
    until = time.monotonic() + 60
    while not (file.exists() and text in file.read_text()):
        assert time.monotonic() < until, f"{text} was never written"
        os.sched_yield()


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    monkeypatch.setenv("TRAWL_READY_FILE", str(tmp_path / "ready"))
    return tmp_path / "ready"


def test_ready_and_what_it_says_of_itself(file: Path) -> None:
    with witnessed():
        with pytest.raises(NotRunning):
            told(file)
        notify.status("waiting for Kafka")
        until_written(file, "waiting for Kafka")
        with pytest.raises(NotRunning, match="waiting for Kafka"):
            told(file)
        notify.ready("3 hosts")
        until_written(file, '"1"')
        until_written(file, "3 hosts")
        assert told(file) == "3 hosts"
        notify.stopping()
        until_written(file, "stopping")
        with pytest.raises(NotRunning):
            told(file)
    assert not file.exists()


def test_a_process_that_died_is_not_ready(file: Path) -> None:
    dead = subprocess.Popen(["true"])
    dead.wait()
    file.write_text(f'{{"pid": {dead.pid}, "ready": "1"}}')
    with pytest.raises(NotRunning):
        told(file)


def test_a_supervisor_that_listens_is_left_alone(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", "@somebody")
    with witnessed():
        assert os.environ["NOTIFY_SOCKET"] == "@somebody"
