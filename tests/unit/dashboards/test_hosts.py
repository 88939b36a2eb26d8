"""Under which names the server answers."""

import socket

from dashboards.web.hosts import OwnHosts


def test_loopback_has_three_names() -> None:
    hosts = OwnHosts("127.0.0.1", 5006)
    assert hosts.origins() == ["127.0.0.1:5006", "[::1]:5006", "localhost:5006"]
    assert "LOCALHOST:5006" in hosts
    for foreign in ("evil.example:5006", "127.0.0.1:5007", "127.0.0.1", "localhost", "", "127.0.0.1:5006.evil.example"):
        assert foreign not in hosts


def test_everywhere_is_this_machine_by_its_names() -> None:
    hosts = OwnHosts("0.0.0.0", 5006)
    assert f"{socket.gethostname().lower()}:5006" in hosts
    assert "localhost:5006" in hosts
    assert "0.0.0.0:5006" not in hosts
    assert "evil.example:5006" not in hosts


def test_an_address_answers_to_itself_alone() -> None:
    hosts = OwnHosts("192.0.2.7", 80)
    assert "192.0.2.7" in hosts and "192.0.2.7:80" in hosts
    assert "localhost" not in hosts
