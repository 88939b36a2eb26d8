import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.errors import PortTaken
from infra.local.ports import Port, free_port, is_free, remembered_port, require_free


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_taken_port_is_named_with_its_setting_and_its_holder(taken: int) -> None:
    with pytest.raises(PortTaken) as error:
        require_free(Port(taken, "the gateway", "TRAWL_PORT"))
    text = str(error.value)
    assert f"Port {taken}, for the gateway" in text
    assert "TRAWL_PORT" in text
    assert f"process {os.getpid()} " in text


def test_a_free_port_passes(taken: int) -> None:
    number = free_port()
    assert number != taken
    require_free(Port(number, "the gateway", "TRAWL_PORT"))


def test_a_remembered_port_stays_until_somebody_has_it(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first = remembered_port(file, "postgres")
    other = remembered_port(file, "clickhouse")
    assert remembered_port(file, "postgres") == first != other
    with socket.socket() as server:
        server.bind(("127.0.0.1", first))
        server.listen()
        assert not is_free(first)
        assert remembered_port(file, "postgres") not in (first, other)
    assert remembered_port(file, "clickhouse") == other
