"""Ports: is one free, who has it, and which to take when any will do."""

import json
import random
import socket
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import psutil

from infra.local.errors import PortTaken
from infra.local.private_files import replace_file

LOOPBACK = "127.0.0.1"
# Below Linux's usual ephemeral range (32768-60999): there, while an engine restarts, a client's own outgoing
# connection could be given the engine's port, and could even connect to itself.
_CHOICE = range(20_000, 32_000)


@dataclass(frozen=True)
class Port:
    """A port that people know: what listens on it, and which setting moves it."""

    number: int
    what: str
    setting: str
    host: str = LOOPBACK


def require_free(port: Port) -> None:
    """Raises PortTaken, naming the port, its holder where that can be read, and the setting, unless it is free."""
    if is_free(port.number, port.host):
        return
    raise PortTaken(
        f"Port {port.number}, for {port.what}, is taken{_by_whom(port.number)}. "
        f"End that program, or choose another port with {port.setting}."
    )


def is_free(number: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections that linger after a restart (TIME_WAIT) do not count; a listener does.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, number))
        except OSError:
            return False
    return True


def free_port(avoid: Collection[int] = ()) -> int:
    """A port on loopback that nobody listens on; raises PortTaken when a thousand tries find none."""
    for number in random.sample(_CHOICE, 1_000):
        if number not in avoid and is_free(number):
            return number
    raise PortTaken("No free port was found on 127.0.0.1 between 20000 and 32000. End some servers and try again.")


def remembered_port(file: Path, name: str) -> int:
    """The port this name had last time, if it is still free, else a new one, remembered in the JSON file."""
    ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
    last = ports.get(name)
    if last is not None and is_free(last):
        return last
    chosen = free_port(avoid=ports.values())
    replace_file(file, json.dumps(ports | {name: chosen}))
    return chosen


def _by_whom(number: int) -> str:
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return ""
    for connection in connections:
        if connection.status != psutil.CONN_LISTEN or not connection.laddr or not connection.pid:
            continue
        if connection.laddr.port == number:
            return f" by process {connection.pid} ({_command(connection.pid)})"
    return ""


def _command(pid: int) -> str:
    try:
        return " ".join(psutil.Process(pid).cmdline())[:120]
    except psutil.Error:
        return "unknown"
