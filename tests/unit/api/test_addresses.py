"""Who is behind a proxy: only those that we trust are believed, and only about whom they saw themselves."""

from typing import Any

import pytest
from starlette.datastructures import Headers

from api.edge.addresses import behind, counted, networks
from tests.unit.api.conftest import World, running

OURS = networks(["10.0.0.0/8", "fd00::/8", "192.0.2.7"])


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("6.6.6.6, 203.0.113.9", "203.0.113.9"),  # the left one is the caller's own invention
        ("6.6.6.6, 203.0.113.9, 10.0.0.2, 10.0.0.3", "203.0.113.9"),
        ("10.0.0.9, 203.0.113.9", "203.0.113.9"),  # pretends to come from inside
        ("10.0.0.8, 10.0.0.9", "10.0.0.8"),
        ("6.6.6.6, unknown, 10.0.0.2", "10.0.0.2"),  # whoever is left of it is nobody's word
        ("6.6.6.6, ' or 1=1", "10.0.0.1"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("[2001:db8::9]:4711", "2001:db8::9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8::9", "2001:db8::9"),
        ("", "10.0.0.1"),
        (",".join(["203.0.113.9"] * 10_000), "203.0.113.9"),
    ],
)
def test_the_rightmost_hop_that_is_not_ours_is_the_caller(header: str, found: str) -> None:
    assert behind("10.0.0.1", Headers({"x-forwarded-for": header}), OURS, "x-forwarded")[0] == found


def test_several_lines_are_one_list_in_their_order() -> None:
    raw = [(b"x-forwarded-for", b"6.6.6.6"), (b"x-forwarded-for", b"203.0.113.9, 10.0.0.2")]
    assert behind("10.0.0.1", Headers(raw=raw), OURS, "x-forwarded")[0] == "203.0.113.9"


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("for=203.0.113.9;proto=https", ("203.0.113.9", "https")),
        ('for=6.6.6.6;proto=http, For="[2001:db8::9]:4711";Proto=https', ("2001:db8::9", "https")),
        ("for=203.0.113.9;proto=https, for=10.0.0.2;proto=http", ("203.0.113.9", "https")),
        ("for=_hidden;proto=https", ("10.0.0.1", None)),
        ("nonsense", ("10.0.0.1", None)),
    ],
)
def test_forwarded_is_read_where_the_proxies_write_it(header: str, found: tuple[str, str | None]) -> None:
    headers = Headers({"forwarded": header, "x-forwarded-for": "6.6.6.6", "x-forwarded-proto": "gopher"})
    assert behind("10.0.0.1", headers, OURS, "forwarded") == found


def test_an_ipv6_host_counts_once_for_all_its_addresses() -> None:
    assert counted("2001:db8:1:2:3::4") == counted("2001:db8:1:2:ffff::") == "2001:db8:1:2::/64"
    assert counted("2001:db8:1:3::") != counted("2001:db8:1:2::") and counted("::ffff:192.0.2.1") == "192.0.2.1"
    assert counted("192.0.2.1") == "192.0.2.1"


SPOOFED = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https", "Forwarded": "for=6.6.6.6;proto=https"}


@pytest.mark.parametrize(("proxies", "address"), [((), "192.0.2.7"), (("192.0.2.7",), "203.0.113.9")])
async def test_only_a_trusted_proxy_changes_who_is_counted_and_logged(
    world: World, proxies: tuple[str, ...], address: str
) -> None:
    async with running(world, trusted_proxies=networks(proxies)) as client:
        answer: Any = await client.http.get("/api/v1/jobs", headers=SPOOFED)
        assert ("strict-transport-security" in answer.headers) is bool(proxies)
        entry: Any = world.telemetry.events[-1]
        assert entry.address == address
        assert {owner for owner, _ in world.rates.buckets} == {f"a:{address}"}
