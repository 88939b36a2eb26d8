"""Every form of every address that must not be visited."""

import ipaddress

import pytest

from infra.errors import NotConfigured
from infra.http.guard import AddressGuard

GUARD = AddressGuard()

BAD = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.0.0.1",
    "127.255.255.254", "168.63.129.16", "169.254.169.254", "169.254.0.1", "172.16.0.1", "172.31.255.255", "192.0.0.1",
    "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.1",
    "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:0:8.8.8.8",
    "64:ff9b::127.0.0.1", "64:ff9b::8.8.8.8", "64:ff9b:1::7f00:1", "100::1", "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1", "5f00::1",
    "fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "4000::1", "1::1",
    "2a00:1450:4001::5efe:7f00:1", "2a00:1450:4001::200:5efe:a00:1",
]  # fmt: skip
GOOD = [
    "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255", "128.0.0.0",
    "172.15.255.255", "172.32.0.0", "192.0.1.0", "192.167.255.255", "198.17.255.255", "198.20.0.0", "223.255.255.255",
    "2001:4860:4860::8888", "2606:4700:4700::1111", "2a00:1450:4001:81b::200e", "2001:200::1",
]  # fmt: skip


@pytest.mark.parametrize("address", BAD)
def test_what_is_not_public_is_refused_with_a_sentence(address: str) -> None:
    reason = GUARD.verdict(address, 443)
    assert reason is not None
    assert reason.endswith(".")
    assert GUARD.verdict(ipaddress.ip_address(address), 80) is not None


@pytest.mark.parametrize("address", GOOD)
def test_public_addresses_are_visited(address: str) -> None:
    assert GUARD.verdict(address, 443) is None
    assert GUARD.verdict(address, 8080) is None


def test_nothing_that_python_knows_to_be_special_slips() -> None:
    """Every address that the standard library's own (incomplete) tables call special, sampled over all of IPv4."""
    for number in range(0, 2**32, 65_521 * 7):
        address = ipaddress.IPv4Address(number)
        if not address.is_global or address.is_multicast:
            assert GUARD.verdict(address, 80) is not None, address


@pytest.mark.parametrize("port", [0, -1, 22, 25, 53, 110, 389, 6000, 6667, 65536])
def test_ports_that_are_not_for_pages(port: int) -> None:
    assert GUARD.verdict("8.8.8.8", port) is not None


@pytest.mark.parametrize("text", ["", "localhost", "8.8.8", "8.8.8.8/32", "[::1]", "1.2.3.4.5", "08.8.8.8"])
def test_what_is_not_an_address_is_refused(text: str) -> None:
    assert GUARD.verdict(text, 80) is not None


@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0x7f000001", "017700000001", "127.1", "127.0.1", "0x7f.1", "0177.0.0.1", "127.0.0.01", "0",
        "127.0.0.1.", "8.8.2056", "134744072", "0x8.0x8.0x8.0x8", "1.2.3.4.5", "256.0.0.1", "0x", "[::1]", "::1",
        "[::ffff:8.8.8.8]", "[fe80::1%25eth0]", "[::1", "127.0.0.1",
    ],
)  # fmt: skip
def test_addresses_in_urls_are_seen_in_every_form_and_odd_forms_are_refused(host: str) -> None:
    assert GUARD.literal_verdict(host, 80) is not None


@pytest.mark.parametrize("host", ["8.8.8.8", "[2001:4860:4860::8888]", "example.com", "1.2.3.4.example", "localhost"])
def test_plain_public_addresses_and_names_are_left_to_go_on(host: str) -> None:
    assert GUARD.literal_verdict(host, 80) is None


def test_an_odd_form_stays_refused_even_when_its_address_is_allowed() -> None:
    guard = AddressGuard(["127.0.0.1"])
    assert guard.literal_verdict("127.0.0.1", 80) is None
    assert guard.literal_verdict("2130706433", 80) is not None


@pytest.mark.parametrize(
    ("entry", "allowed", "refused"),
    [
        ("127.0.0.1", [("127.0.0.1", 80, ""), ("127.0.0.1", 9999, "")], [("127.0.0.2", 80, ""), ("::1", 80, "")]),
        ("127.0.0.1:8090", [("127.0.0.1", 8090, "")], [("127.0.0.1", 8091, ""), ("10.0.0.1", 8090, "")]),
        ("10.0.0.0/8", [("10.1.2.3", 1234, "")], [("11.0.0.1", 22, ""), ("127.0.0.1", 80, "")]),
        ("::1", [("::1", 80, "")], [("127.0.0.1", 80, ""), ("::2", 80, "")]),
        ("[::1]:8090", [("::1", 8090, "")], [("::1", 80, "")]),
        ("fd00::/8", [("fd00::5", 80, "")], [("fc00::5", 80, "")]),
        ("shop.test", [("127.0.0.1", 80, "shop.test")], [("127.0.0.1", 80, ""), ("127.0.0.1", 80, "a.shop.test")]),
        ("Shop.Test:8090", [("10.0.0.1", 8090, "shop.test")], [("10.0.0.1", 80, "shop.test")]),
        (" localhost:8090 ", [("::1", 8090, "localhost")], [("::1", 8090, "")]),
    ],
)
def test_the_allow_list_lets_exactly_that_through(
    entry: str, allowed: list[tuple[str, int, str]], refused: list[tuple[str, int, str]]
) -> None:
    guard = AddressGuard([entry])
    assert [guard.verdict(*one) for one in allowed] == [None] * len(allowed)
    assert all(guard.verdict(*one) for one in refused)


@pytest.mark.parametrize("entry", ["", "host:", "host:port", "host:70000", "10.0.0.0/99", "a b", "[::1", "http://x/"])
def test_an_entry_that_is_nothing_stops_the_start(entry: str) -> None:
    with pytest.raises(NotConfigured, match="allow-list"):
        AddressGuard([entry])
