"""`trawl up` with real engines, as a program of its own: what a person would see, and what must not be left behind."""

import json
import os
import signal
import socket
import stat
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from infra.local.folder import DataFolder
from infra.local.lock import holder
from tests.engines import fresh_folder

PROGRAM = Path(__file__).with_name("up_program.py")
ENGINES = ("kafka", "postgres", "clickhouse")


class UpProgram:
    """A running `up_program.py` and the lines it printed."""

    def __init__(self, folder: DataFolder, *arguments: str) -> None:
        self.lines: list[dict[str, Any]] = []
        environ = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(PROGRAM.parents[3]), *sys.path]),
            "TRAWL_POSTGRES_OWNER": "",
        }
        words = [sys.executable, str(PROGRAM), str(folder.path), *arguments]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environ, start_new_session=True)

    def until(self, **wanted: str) -> dict[str, Any]:
        """Reads lines until one has these values (or, for a value "*", these names)."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
            found = self.lines[-1]
            if all(name in found and value in ("*", found[name]) for name, value in wanted.items()):
                return found
        raise AssertionError(f"ended without {wanted}: {self.lines}")

    def pids(self) -> list[int]:
        """The whole family: the program, its children and theirs."""
        family = psutil.Process(self.process.pid)
        return [family.pid, *(child.pid for child in family.children(recursive=True))]


@contextmanager
def running(folder: DataFolder, *arguments: str) -> Iterator[UpProgram]:
    up = UpProgram(folder, *arguments)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.process.terminate()
        up.process.communicate(timeout=120)


@pytest.fixture
def folder() -> Iterator[DataFolder]:
    with fresh_folder() as folder:
        yield folder


def gone(pids: list[int], within_s: float = 60.0) -> bool:
    _, alive = psutil.wait_procs([psutil.Process(pid) for pid in pids if psutil.pid_exists(pid)], timeout=within_s)
    return not alive


def kafka_answers(address: str) -> bool:
    host, _, port = address.partition(":")
    body = struct.pack(">hhih", 18, 0, 7, 0)
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(struct.pack(">i", len(body)) + body)
        return bool(struct.unpack(">ii", connection.recv(8))[1] == 7)


def test_first_start_crashes_second_up_drain_and_second_start(folder: DataFolder) -> None:
    with running(folder) as up:
        told = up.until(up="*")
        endpoints = told["up"]
        assert {unit["state"] for unit in told["status"]["processes"].values()} == {"ready"}
        assert set(told["status"]["processes"]) == {*ENGINES, "worker-1", "worker-2"}
        assert json.loads(folder.endpoints_file.read_text()) == endpoints

        with running(folder) as second:
            refused = second.until(error="*")["error"]
            assert second.process.wait(10) == 1
        assert f"process {up.process.pid} (up_program) since" in refused

        with psycopg.connect(endpoints["postgres_owner"], autocommit=True) as owner:
            owner.execute("create table kept (id int)")
            owner.execute("insert into kept values (1)")
            assert owner.execute("select rolsuper from pg_roles where rolname = current_user").fetchone() == (False,)
        with psycopg.connect(endpoints["postgres"]) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
            app.execute("create table forbidden (id int)")
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(endpoints["postgres"].replace(folder.secret("postgres-app"), "wrong"))

        status = told["status"]["processes"]
        for name in (*ENGINES, "worker-1"):
            os.kill(status[name]["pid"], signal.SIGKILL)
        for name in (*ENGINES, "worker-1"):
            while not any(line == {"name": name, "state": "ready", "text": ""} for line in _after_crash(up, name)):
                up.until(name=name)
        with psycopg.connect(endpoints["postgres_owner"]) as owner:
            assert owner.execute("select id from kept").fetchone() == (1,)
        assert kafka_answers(endpoints["kafka"])

        everyone = up.pids()
        up.process.send_signal(signal.SIGINT)
        up.until(name="clickhouse", state="stopping")
        assert up.process.wait(120) == 0
    assert gone(everyone)
    assert not folder.endpoints_file.exists()
    _private(folder)

    with running(folder) as again:
        assert again.until(up="*")["up"] == endpoints, "the same ports and passwords"


def _after_crash(up: UpProgram, name: str) -> list[dict[str, Any]]:
    mine = [line for line in up.lines if line.get("name") == name]
    crash = next((at for at, line in enumerate(mine) if line["state"] == "crashed"), None)
    return [] if crash is None else mine[crash:]


def _private(folder: DataFolder) -> None:
    """Nobody else can read anything: as root the folders on the way to PostgreSQL can be walked through, no more."""
    for path in [folder.path, *folder.path.rglob("*")]:
        if path.name.startswith("programs-") or any(part.startswith("programs-") for part in path.parts):
            continue
        mode = stat.S_IMODE(path.lstat().st_mode)
        walked = os.geteuid() == 0 and path in (folder.path, folder.path / "postgres")
        assert mode == ((0o711 if walked else 0o700) if path.is_dir() else 0o600) or path.is_symlink(), (
            path,
            oct(mode),
        )


def test_kill_9_of_the_supervisor_leaves_no_orphan_and_the_next_start_works(folder: DataFolder) -> None:
    with running(folder) as up:
        endpoints = up.until(up="*")["up"]
        with psycopg.connect(endpoints["postgres_owner"], autocommit=True) as owner:
            owner.execute("create table kept (id int)")
        everyone = up.pids()
        assert len(everyone) > 8
        up.process.kill()
        assert gone(everyone)
    assert holder(folder.lock_file) is None
    with running(folder) as again:
        again.until(up="*")
        with psycopg.connect(endpoints["postgres_owner"]) as owner:
            assert owner.execute("select count(*) from kept").fetchone() == (0,)


@pytest.mark.parametrize(("place", "setting"), [(1, "TRAWL_KAFKA_PORT"), (2, "TRAWL_PORT")])
def test_a_taken_port_is_named_before_anything_starts(folder: DataFolder, place: int, setting: str) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = str(server.getsockname()[1])
        arguments = [port] if place == 1 else ["0", port]
        with running(folder, *arguments) as up:
            error = up.until(error="*")["error"]
    assert f"Port {port}" in error and setting in error and f"process {os.getpid()} " in error
    assert len(up.lines) == 1


def test_ctrl_c_while_the_engines_start_stops_them(folder: DataFolder) -> None:
    with running(folder) as up:
        up.until(state="starting")
        family = up.pids()
        up.process.send_signal(signal.SIGINT)
        assert up.process.wait(120) == 0
    assert gone(family)
