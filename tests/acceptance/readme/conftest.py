"""A Trawl that is up with a shop it may visit, as the README's reader has it: started by the command, in a new home."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from infra.local.postgres_home import home_elsewhere

ROOT = Path(__file__).resolve().parents[3]
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Reader:
    """Someone with a shell: a home of their own, and this project's environment."""

    environ: dict[str, str]
    site: str

    def types(self, script: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """What happens when they paste this."""
        script = script.replace(".venv/bin/", f"{BIN}/")
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=self.environ, capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip


@contextlib.contextmanager
def ended(process: subprocess.Popen[str], within: float) -> Iterator[subprocess.Popen[str]]:
    """The process; at the end of the block it is asked to stop."""
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(within)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def reader() -> Iterator[Reader]:
    home = Path(tempfile.mkdtemp(prefix="trawl-readme-"))
    # As root PostgreSQL runs as somebody else, who must be able to walk through.
    home.chmod(0o711)
    environ = {**os.environ, "XDG_DATA_HOME": str(home), "PATH": f"{BIN}:{os.environ['PATH']}"}
    for name in ("TRAWL_DATA", "TRAWL_KAFKA", "TRAWL_POSTGRES", "TRAWL_CLICKHOUSE", "TRAWL_API_KEY", "TRAWL_URL"):
        environ.pop(name, None)
    shop = subprocess.Popen([sys.executable, "-m", "demo"], cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        with ended(shop, 20):
            assert shop.stdout
            site = json.loads(shop.stdout.readline())
            environ |= {"TRAWL_FETCH_ALLOW": f"127.0.0.1:{site['port']}", "SITE": site["url"].rstrip("/")}
            with ended(_up(environ, home / "up.log"), 120) as up:
                _until_healthy(up, environ, home / "up.log")
                yield Reader(environ, environ["SITE"])
    finally:
        elsewhere = home_elsewhere(home / "trawl")
        shutil.rmtree(home)
        if elsewhere:
            shutil.rmtree(elsewhere)


def _up(environ: dict[str, str], log: Path) -> subprocess.Popen[str]:
    ports = ["--port", "0", "--dashboards-port", "0", "--metrics-port", "0", "--kafka-port", "0"]
    with log.open("w") as said:
        return subprocess.Popen(
            [sys.executable, "-m", "cli", "up", *ports], cwd=ROOT, env=environ, stdout=said, stderr=said, text=True
        )


def _until_healthy(up: subprocess.Popen[str], environ: dict[str, str], log: Path) -> None:
    until = time.monotonic() + 180
    while True:
        asked = subprocess.run(
            [sys.executable, "-m", "cli", "health"], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
        )
        if asked.returncode == 0:
            return
        assert up.poll() is None, f"`trawl up` ended:\n{log.read_text()}"
        assert time.monotonic() < until, f"{asked.stderr}\n{log.read_text()}"
