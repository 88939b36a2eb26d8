"""How `up` chooses its ports and what it tells of them."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from cli.local import Doors, Wishes, _outside, _up_settings
from infra.settings import Settings


def settings(tmp_path: Path, **given: object) -> Settings:
    return Settings(data=tmp_path, **given)  # type: ignore[arg-type]  # checked by pydantic


def test_people_know_the_ports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("TRAWL_PORT", "TRAWL_DASHBOARDS_PORT", "TRAWL_METRICS_PORT", "TRAWL_HOST"):
        monkeypatch.delenv(name, raising=False)
    doors = Doors.choose(settings(tmp_path))
    assert (doors.host, doors.gateway, doors.dashboards, doors.metrics) == ("127.0.0.1", 8000, 5006, 9464)
    assert doors.environ()["TRAWL_PORT"] == "8000"


def test_zero_is_any_free_port_and_no_two_are_the_same(tmp_path: Path) -> None:
    doors = Doors.choose(settings(tmp_path, port=0, dashboards_port=0, metrics_port=0))
    assert len({doors.gateway, doors.dashboards, doors.metrics}) == 3
    assert 0 not in (doors.gateway, doors.dashboards, doors.metrics)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]"), ("10.0.0.5", "10.0.0.5")],
)
def test_addresses_are_what_people_type(host: str, shown: str) -> None:
    doors = Doors(host, 8000, 5006, 9464)
    assert doors.addresses()["gateway"] == f"http://{shown}:8000"
    assert {port.host for port in doors.ports()} == {host, "127.0.0.1"}


def test_a_taken_port_can_be_named_with_the_setting_that_moves_it() -> None:
    assert {port.setting for port in Doors("127.0.0.1", 1, 2, 3).ports()} == {
        "--port or TRAWL_PORT",
        "--dashboards-port or TRAWL_DASHBOARDS_PORT",
        "--metrics-port or TRAWL_METRICS_PORT",
    }


def test_the_metrics_stay_on_loopback_unless_they_are_let_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRAWL_METRICS_HOST", raising=False)
    closed = Doors.choose(settings(tmp_path, host="0.0.0.0"))
    opened = Doors.choose(settings(tmp_path, metrics_host="10.0.0.5"))
    assert closed.ports()[2].host == "127.0.0.1"
    assert opened.ports()[2].host == "10.0.0.5"
    assert opened.addresses()["metrics"].startswith("http://10.0.0.5:")


def test_a_mirror_of_the_environment_is_used_by_whoever_starts_the_broker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAWL_MIRROR", "https://maven.example/all")
    for command in ("trawl up", "trawl demo"):
        found = settings(tmp_path)
        assert _up_settings(found, Wishes(command=command), Doors.choose(found)).mirror == "https://maven.example/all"


def test_browsers_are_sent_to_the_public_address(tmp_path: Path) -> None:
    assert _outside(settings(tmp_path)) == {}
    assert _outside(settings(tmp_path, public_url="https://Trawl.Example:443/")) == {"public": "https://trawl.example"}


@pytest.mark.parametrize(
    "address", ["trawl.example", "ftp://x", "https://x/path", "https://a@x", "https://x?y", "https://"]
)
def test_a_public_address_is_a_scheme_and_a_host(tmp_path: Path, address: str) -> None:
    with pytest.raises(ValidationError, match=r"https://trawl\.example"):
        settings(tmp_path, public_url=address)
