"""How `up` chooses its ports and what it tells of them."""

from pathlib import Path

import pytest

from cli.local import Doors
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
