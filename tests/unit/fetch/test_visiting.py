"""A visit with all that belongs to it: cookies, credentials, conditions, large bodies."""

import asyncio
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import zstandard

from producers.fetch import visiting
from producers.fetch.credentials import Credentials
from producers.fetch.jars import FRESH_S, MAX_PER_RUN, Jars
from producers.fetch.visiting import Visiting
from schemas.credentials import OpenCredential, SiteCredential, SiteSecret
from schemas.events import FetchResult, FetchTask
from schemas.events.requests import Visit
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResponse, ExchangeResult, ExchangeTimes
from schemas.hosts import host_of
from schemas.urls import fingerprint
from tests.unit.fetch.keeping import Kept

RUN = "11111111-1111-4111-8111-111111111111"
OTHER = "22222222-2222-4222-8222-222222222222"


@dataclass
class Web:
    """Answers with `say`, and remembers what it was asked."""

    say: Callable[[ExchangeRequest], ExchangeResult]
    asked: list[ExchangeRequest] = field(default_factory=list)

    async def fetch(self, request: ExchangeRequest) -> ExchangeResult:
        self.asked.append(request)
        return self.say(request)

    def sent(self, name: str) -> list[str | None]:
        """That header of each request."""
        return [dict((key.lower(), value) for key, value in one.headers).get(name) for one in self.asked]


def response(request: ExchangeRequest, body: bytes = b"hello", *headers: tuple[str, str]) -> ExchangeResponse:
    times = ExchangeTimes(total=20.0, first_byte=10.0, dns=1.0, connect=2.0, tls=3.0)
    return ExchangeResponse(request.url, 200, list(headers), body, len(body), "192.0.2.1", times, tls_version="TLSv1.3")


def setting(*cookies: str) -> Callable[[ExchangeRequest], ExchangeResult]:
    return lambda request: response(request, b"", *(("Set-Cookie", cookie) for cookie in cookies))


class Fetcher:
    """One fetcher with its own memory, and the stores it shares with others."""

    def __init__(self, web: Web, kept: Kept) -> None:
        self.now = 1000.0
        self.web = web
        self.jars = Jars(kept, lambda: self.now)
        self.visiting = Visiting(web, self.jars, Credentials(kept, lambda: self.now), kept)

    async def visit(self, url: str, run: str = RUN, **wishes: object) -> FetchResult:
        task = FetchTask(run_id=run, url_fp=fingerprint(url), url=url, host=host_of(url), attempt=1,
                         headers=wishes.pop("headers", {}), visit=Visit(**wishes))  # type: ignore[arg-type]  # fmt: skip
        return await self.visiting.visit(task, "2026-01-01T00:00:00Z")


async def test_cookies_stay_with_their_run_and_their_site() -> None:
    web = Web(setting("sid=1; Domain=example.com"))
    fetcher = Fetcher(web, Kept())
    for url, run in (
        ("http://a.example.com/", RUN), ("http://b.example.com/", RUN), ("http://example.org/", RUN),
        ("http://a.example.com/", OTHER),
    ):  # fmt: skip
        await fetcher.visit(url, run)
    assert web.sent("cookie") == [None, "sid=1", None, None]


async def test_a_page_tells_of_a_session_and_does_not_carry_it() -> None:
    fetcher = Fetcher(Web(setting("sid=secret; Path=/", "secret")), Kept())
    told = await fetcher.visit("http://example.com/")
    assert told.headers == [("set-cookie", "sid=…"), ("set-cookie", "…")]
    await fetcher.visit("http://example.com/")
    assert fetcher.web.sent("cookie")[1] == "sid=secret; secret"


async def test_cookies_survive_the_fetcher_and_are_read_again_after_a_pause() -> None:
    kept = Kept()
    first, second = Fetcher(Web(setting("sid=1")), kept), Fetcher(Web(setting("sid=2")), kept)
    await first.visit("http://example.com/")
    await first.jars.flush()
    first.web.say = second.web.say = setting()
    await second.visit("http://example.com/")
    assert second.web.sent("cookie") == ["sid=1"]
    second.web.say = setting("sid=2")
    await second.visit("http://example.com/")
    await second.jars.flush()
    await first.visit("http://example.com/")  # without a pause nobody else can have had the host
    first.now += FRESH_S + 1
    await first.visit("http://example.com/")
    assert first.web.sent("cookie") == [None, "sid=1", "sid=2"]


async def test_many_visits_at_once_read_a_site_once() -> None:
    kept = Kept()
    fetcher = Fetcher(Web(setting()), kept)
    await asyncio.gather(*(fetcher.visit(f"http://example.com/{n}") for n in range(20)))
    assert kept.asked == 1


async def test_a_run_that_keeps_no_cookies_has_none() -> None:
    kept, web = Kept(), Web(setting("sid=1"))
    fetcher = Fetcher(web, kept)
    for _ in range(2):
        await fetcher.visit("http://example.com/", keep_cookies=False, cookies={"own": "x"})
    await fetcher.jars.flush()
    assert web.sent("cookie") == ["own=x", "own=x"]
    assert kept.cookies == {}
    assert kept.asked == 0


async def test_the_jobs_cookies_go_beside_the_sites_which_may_renew_them() -> None:
    web = Web(setting("session=renewed"))
    fetcher = Fetcher(web, Kept())
    for _ in range(2):
        await fetcher.visit(
            "http://example.com/", cookies={"session": "first", "own": "x"}, headers={"Cookie": "raw=1"}
        )
    assert web.sent("cookie") == ["raw=1; session=first; own=x", "raw=1; session=renewed; own=x"]


async def test_cookies_that_cannot_be_written_are_written_later_and_reading_in_vain_stops_nothing() -> None:
    kept, web = Kept(away=True), Web(setting("sid=1"))
    fetcher = Fetcher(web, kept)
    assert (await fetcher.visit("http://example.com/")).status == 200
    try:
        await fetcher.jars.flush()
    except ConnectionError:
        kept.away = False
    await fetcher.jars.flush()
    assert [cookie.value for jar in kept.cookies.values() for cookie in jar.values()] == ["1"]
    await fetcher.visit("http://example.com/")
    assert web.sent("cookie") == [None, "sid=1"]


async def test_a_run_is_bounded_over_all_its_sites() -> None:
    kept = Kept()
    fetcher = Fetcher(Web(setting(*(f"c{n}=x" for n in range(50)))), kept)
    for number in range(MAX_PER_RUN // 50 + 10):
        await fetcher.visit(f"http://site{number}.example/")
        fetcher.now += 1
    await fetcher.jars.flush()
    alive = [cookie for jar in kept.cookies.values() for cookie in jar.values() if not cookie.expired(fetcher.now)]
    assert len(alive) == MAX_PER_RUN


def credential(host: str, scheme: str = "https") -> OpenCredential:
    known = SiteCredential(id="c", owner="o", name="n", kind="basic", host=host, scheme=scheme)  # type: ignore[arg-type]
    return OpenCredential.of(known, SiteSecret(user="Aladdin", secret="open sesame"))


async def test_credentials_go_to_their_own_host_over_tls_and_nowhere_else() -> None:
    kept, web = Kept(credentials={(RUN, "site"): credential("example.com")}), Web(response)
    fetcher = Fetcher(web, kept)
    for url in ("https://example.com/", "http://example.com/", "https://www.example.com/", "https://example.com:8443/",
                "https://example.org/", "https://example.com.evil.example/"):  # fmt: skip
        await fetcher.visit(url, credentials="site", headers={"authorization": "the job's own"})
    opened = "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="  # RFC 7617, 2
    assert web.sent("authorization") == [opened, *["the job's own"] * 5]
    await fetcher.visit("https://example.com/", OTHER, credentials="site")
    await fetcher.visit("https://example.com/")
    assert web.sent("authorization")[6:] == [None, None]


async def test_credentials_are_read_once_a_minute_and_never_printed() -> None:
    kept, web = Kept(credentials={(RUN, "site"): credential("example.com:8080", "http")}), Web(response)
    fetcher = Fetcher(web, kept)
    for _ in range(3):
        await fetcher.visit("http://example.com:8080/", credentials="site", keep_cookies=False)
    assert kept.asked == 1
    fetcher.now += 61
    del kept.credentials[RUN, "site"]
    await fetcher.visit("http://example.com:8080/", credentials="site", keep_cookies=False)
    assert web.sent("authorization")[2:] == ["Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", None]
    assert "sesame" not in repr(credential("x")) + repr(SiteSecret(secret="sesame"))
    assert "QWxh" not in repr(credential("x"))


async def test_a_visit_asks_as_its_task_says() -> None:
    web = Web(response)
    await Fetcher(web, Kept()).visit(
        "https://example.com/", method="POST", body="a=ü", proxy="http://proxy.example:3128", http2=True,
        content_types=["text/html"], connect_timeout=3.0, read_timeout=4.0, etag='"v1"', last_modified="Mon, 1 Jan",
        headers={"If-None-Match": "mine"},
    )  # fmt: skip
    asked = web.asked[0]
    assert (asked.method, asked.body, asked.proxy, asked.http2) == (
        "POST",
        "a=ü".encode(),
        "http://proxy.example:3128",
        True,
    )
    assert (asked.content_types, asked.connect_timeout, asked.read_timeout) == (("text/html",), 3.0, 4.0)
    assert dict(asked.headers) == {"If-None-Match": "mine", "If-Modified-Since": "Mon, 1 Jan"}


async def test_an_answer_tells_all_that_the_exchange_saw() -> None:
    answer = await Fetcher(Web(response), Kept()).visit("https://example.com/")
    assert answer.content_hash == hashlib.sha256(b"hello").hexdigest()
    assert zstandard.decompress(answer.body) == b"hello"
    assert (answer.dns_ms, answer.connect_ms, answer.tls_ms, answer.first_byte_ms) == (1.0, 2.0, 3.0, 10.0)
    assert (answer.http_version, answer.tls_version, answer.body_ref) == ("HTTP/1.1", "TLSv1.3", "")
    failing = Web(lambda request: ExchangeFailure(request.url, "too_large", "Too much.", 5.0, 200, "192.0.2.1"))
    refused = await Fetcher(failing, Kept()).visit("https://example.com/")
    assert (refused.failure, refused.status, refused.address) == ("too_large", 200, "192.0.2.1")


async def test_a_body_that_no_message_can_hold_is_kept_elsewhere_however_long_that_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(visiting, "AGAIN_S", 0.001)
    kept, body = Kept(away=True), os.urandom(2_000_000)
    fetcher = Fetcher(Web(lambda request: response(request, body)), kept)
    visit = asyncio.create_task(fetcher.visit("https://example.com/", keep_cookies=False))
    await kept.refused.wait()
    kept.away = False
    answer = await visit
    assert (answer.body, answer.body_size) == (b"", 2_000_000)
    assert zstandard.decompress(kept.bodies[answer.body_ref]) == body
    assert answer.content_hash == hashlib.sha256(body).hexdigest()
