"""The rules of cookies: published cases, and what a site may make us keep."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from producers.fetch.cookies import MAX_PER_DOMAIN, MAX_PER_SITE, MAX_SITE_BYTES, Jar, Place, cookie_date, parse

CASES = json.loads((Path(__file__).parent / "data" / "cookies.json").read_text())
NOW = datetime(2026, 11, 22, tzinfo=UTC).timestamp()
DAY = 86_400.0


def sent(jar: Jar, url: str, now: float = NOW) -> str:
    return "; ".join(f"{name}={value}" if name else value for name, value in jar.header(Place.of(url), now))


@pytest.mark.parametrize("case", CASES["conversations"], ids=[case["from"] for case in CASES["conversations"]])
def test_published_conversations(case: dict[str, Any]) -> None:
    jar = Jar()
    url = case.get("url", "http://home.example.org:8888/cookie-parser?x")
    for number, header in enumerate(case["set"]):
        jar.receive(header, Place.of(url), NOW + number / 100)
    assert sent(jar, case.get("at", "http://home.example.org:8888/cookie-parser-result?x"), NOW + 1) == case["sent"]


@pytest.mark.parametrize(("text", "expected"), CASES["dates"])
def test_published_dates(text: str, expected: str | None) -> None:
    found = cookie_date(text)
    assert found == (datetime.fromisoformat(f"{expected}+00:00").timestamp() if expected else None)


def test_places() -> None:
    assert Place.of("https://example.com:8443/a/b?x=/#y") == (True, "example.com", "/a/b")
    assert Place.of("http://[::1]:80/") == (False, "[::1]", "/")
    assert Place.of("http://example.com") == (False, "example.com", "/")


def test_a_life_is_400_days_at_most_and_max_age_comes_before_expires() -> None:
    place = Place.of("http://example.com/")
    far = parse("a=b; Max-Age=999999999999", place, NOW)
    late = parse("a=b; Expires=Fri, 31 Dec 2099 23:59:59 GMT", place, NOW)
    both = parse("a=b; Expires=Fri, 31 Dec 2099 23:59:59 GMT; Max-Age=60", place, NOW)
    negative = parse("a=b; Max-Age=-5", place, NOW)
    assert far and late and both and negative
    assert (far.expires, late.expires, both.expires) == (NOW + 400 * DAY, NOW + 400 * DAY, NOW + 60)
    assert negative.expired(NOW)


def test_what_expires_is_not_sent_and_what_replaces_keeps_its_place() -> None:
    jar, place = Jar(), Place.of("http://example.com/")
    jar.receive("a=1; Max-Age=60", place, NOW)
    jar.receive("b=2", place, NOW + 1)
    jar.receive("a=3; Max-Age=60", place, NOW + 2)
    assert sent(jar, "http://example.com/", NOW + 3) == "a=3; b=2"
    assert sent(jar, "http://example.com/", NOW + 62) == "b=2"


def test_sizes_are_bounded() -> None:
    place = Place.of("http://example.com/")
    assert parse("a=" + "x" * 4095, place, NOW)
    assert parse("a=" + "x" * 4096, place, NOW) is None
    long = parse("a=b; Path=/" + "x" * 1024 + "; Domain=" + "x" * 1025, place, NOW)
    assert long is not None
    assert (long.path, long.host_only) == ("/", True)


def test_a_host_without_tls_can_neither_replace_nor_hide_a_secure_cookie() -> None:
    jar = Jar()
    jar.receive("sid=real; Secure; Domain=example.com", Place.of("https://example.com/"), NOW)
    for forged in ("sid=forged", "sid=forged; Domain=example.com", "sid=; Max-Age=0; Domain=example.com"):
        assert jar.receive(forged, Place.of("http://www.example.com/login"), NOW + 1) == []
    assert sent(jar, "https://www.example.com/login", NOW + 2) == "sid=real"
    assert jar.receive("sid=new; Domain=example.com", Place.of("https://www.example.com/"), NOW + 3)


def test_a_domain_has_fifty_and_the_longest_unused_goes_first() -> None:
    jar, place = Jar(), Place.of("http://example.com/")
    for number in range(MAX_PER_DOMAIN):
        jar.receive(f"c{number}=x; Path=/{number}", place, NOW + number)
    assert sent(jar, "http://example.com/0", NOW + 100) == "c0=x"
    gone = jar.receive("new=x", place, NOW + 101)
    assert [cookie.name for cookie in gone if cookie.expired(NOW + 101)] == ["c1"]
    assert len(jar) == MAX_PER_DOMAIN


def test_a_site_is_bounded_in_number_and_in_bytes() -> None:
    jar = Jar()
    for host in range(10):
        for number in range(MAX_PER_DOMAIN):
            jar.receive(f"c{number}=x", Place.of(f"http://h{host}.example.com/"), NOW + host)
    assert len(jar) == MAX_PER_SITE
    heavy = Jar()
    for number in range(40):
        heavy.receive(f"c{number}=" + "x" * 4000, Place.of("http://example.com/"), NOW + number)
    assert len(heavy) == MAX_SITE_BYTES // 4002
    assert "c39=" in sent(heavy, "http://example.com/", NOW + 100)
