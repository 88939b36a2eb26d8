"""The times of sockets that nobody can set: other tests shorten them, these are what the product keeps."""

from pathlib import Path

import pytest

from api.main import config_of
from infra.settings import Settings
from tests.unit.api.conftest import World, listening


def test_the_gateway_composes_the_promised_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SIGNING_KEY", "DASHBOARDS_KEY"):
        monkeypatch.setenv(f"TRAWL_SECRET_{name}", "a test's secret")
    config = config_of(Settings(data=tmp_path))
    assert config.auth_frame_within == 5.0, "for so long a socket may be silent about who it is"
    assert config.socket_check == 2.0, "within this a session that ended ends its sockets"


async def test_the_application_keeps_the_times_that_it_was_given(world: World) -> None:
    async with listening(world) as (_, client):
        gateway = client.gateway
        assert (gateway.config.auth_frame_within, gateway.sockets._every) == (5.0, 2.0)
