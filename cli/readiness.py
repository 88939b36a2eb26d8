"""Says outside whether a process that runs alone is ready: for a container's health check.

Processes tell a supervisor by the sd_notify protocol. Where none listens and TRAWL_READY_FILE is set, this listens
instead and writes down what it hears.
"""

import json
import os
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cli.errors import NotRunning


@contextmanager
def witnessed() -> Iterator[None]:
    """While the block runs, what the process notifies is kept in TRAWL_READY_FILE (when that is set)."""
    file = os.environ.get("TRAWL_READY_FILE")
    if not file or os.environ.get("NOTIFY_SOCKET"):
        yield
        return
    with (
        tempfile.TemporaryDirectory(prefix="trawl-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear,
    ):
        address = os.path.join(folder, "notify")
        ear.bind(address)
        os.environ["NOTIFY_SOCKET"] = address
        threading.Thread(target=_listen, args=(ear, Path(file)), daemon=True).start()
        try:
            yield
        finally:
            Path(file).unlink(missing_ok=True)


def _listen(ear: socket.socket, file: Path) -> None:
    told: dict[str, str | int] = {"pid": os.getpid()}
    while True:
        try:
            message = ear.recv(65_536).decode("utf-8", "replace")
        except OSError:
            return
        for line in message.splitlines():
            name, _, value = line.partition("=")
            if name in ("READY", "STATUS", "STOPPING"):
                told[name.lower()] = value
        draft = file.with_name(f".{file.name}.draft")
        draft.write_text(json.dumps(told))
        draft.replace(file)


def told(file: Path) -> str:
    """What a process last said of itself; NotRunning when it is not ready, or no more."""
    try:
        said = json.loads(file.read_text())
        os.kill(said["pid"], 0)
    except (FileNotFoundError, ValueError, KeyError, ProcessLookupError):
        raise NotRunning(f"No process has said in {file} that it is ready.") from None
    status = str(said.get("status", ""))
    if said.get("ready") != "1" or said.get("stopping") == "1":
        raise NotRunning(f"Not ready: {status or 'it has not said why'}.")
    return status
