"""Every nasty server at once, one host for each, with what must become of its URLs; and a healthy host beside them."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from schemas.outcomes import outcome_of_failure
from tests.integration.http.misbehaving import MisbehavingServer, response
from tests.integration.http.test_exchange import BROKEN, WHOLE

HTML = b"Content-Type: text/html"
NOT_FOUND = response(b"no robots.txt here", status=b"404 Not Found")
PAGES = 1000


def html(text: str, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """A small page."""
    return response(f"<html><title>t</title><body>{text}</body></html>".encode(), HTML, *headers, status=status)


@dataclass(frozen=True)
class Case:
    """One host. `outcomes` are those of all its URLs together, a wrong one as wrong as a missing one. Paths that are
    not in `answers` are answered as tests/integration/http/misbehaving.py says."""

    name: str
    paths: tuple[str, ...]
    outcomes: frozenset[str]
    answers: dict[str, bytes] = field(default_factory=dict)
    sitemap: bool = False


def _case(name: str, path: str, outcomes: str, answers: dict[str, bytes] | None = None, **more: bool) -> Case:
    return Case(name, (path,), frozenset(outcomes.split()), answers or {}, **more)


def _busy(name: str, status: bytes, after: str) -> Case:
    answer = html("Later.", b"Retry-After: " + after.encode(), status=status)
    return _case(f"Retry-After {name}", "/", "http_error", {"/": answer})


def _robots(name: str, answer: bytes, outcomes: str = "fetched") -> Case:
    return _case(f"robots.txt {name}", "/", outcomes, {"/robots.txt": answer, "/": html("Welcome.")})


def _moved(to: bytes) -> bytes:
    return response(b"moved", b"Location: " + to, status=b"302 Found")


_LOL = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
_ENTITIES = f'<?xml version="1.0"?><!DOCTYPE u [<!ENTITY l0 "lol">{_LOL}]><urlset><url><loc>&l9;</loc></url></urlset>'
_SOON = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)

CASES: tuple[Case, ...] = (
    *(_case(f"odd but whole {path}", path, "fetched") for path in WHOLE),
    *(_case(f"broken {path}", path, outcome_of_failure(kind).name) for path, kind in BROKEN),
    _case("drips", "/drip", "timeout"),
    Case("closes kept connections", tuple(f"/close-after?{n}" for n in range(5)), frozenset({"fetched"})),
    _case("duplicate headers", "/duplicates", "fetched"),
    _case("Latin-1 Location", "/latin-1", "redirected fetched", {"/caf%E9": html("Café")}),
    _case("no Location", "/", "malformed_response", {"/": response(b"", status=b"302 Found")}),
    _case("redirects to itself", "/", "too_many_redirects", {"/": _moved(b"/")}),
    _case("redirects in a circle", "/a", "redirected too_many_redirects",
          {"/a": _moved(b"/b"), "/b": _moved(b"/c"), "/c": _moved(b"/a")}),
    _case("redirects too often", "/0", "redirected too_many_redirects",
          {f"/{n}": _moved(b"/%d" % (n + 1)) for n in range(30)}),
    _case("redirects to a private address", "/", "redirected", {"/": _moved(b"http://169.254.169.254/latest/meta-data/")}),
    _busy("in seconds", b"429 Too Many Requests", "2"),
    _busy("as a date", b"503 Service Unavailable", _SOON),
    _busy("negative", b"429 Too Many Requests", "-5"),
    _busy("huge", b"503 Service Unavailable", "99999999999"),
    _robots("garbage", response(bytes(range(256)) * 40)),
    _robots("empty", response(b"")),
    _robots("404", NOT_FOUND),
    _robots("10 MB", response(b"User-agent: *\nAllow: /\n" + b"# padding\n" * 1_000_000)),
    _robots("HTML", html("Disallow: nothing")),
    _robots("500", response(b"", status=b"500 Internal Server Error"), "robots_denied"),
    _case("infinite calendar", "/calendar", "fetched out_of_scope",
          {"/calendar" + "/next" * n: html(f'<a href="/calendar{"/next" * (n + 1)}">next</a>') for n in range(10)}),
    _case("soft 404", "/", "fetched", {"/": html("Sorry, this page was not found.")}),
    _case("lying charset", "/", "fetched",
          {"/": response("<p>caf\xe9 \u20ac</p>".encode("cp1252"), b"Content-Type: text/html; charset=utf-8")}),
    _case("spaces and two question marks", "/a b?c d?e=f??g", "fetched", {"/a%20b": html("Odd, but it is one.")}),
    Case("cookies for a public suffix", ("/set", "/after"), frozenset({"fetched"}),
         {"/set": html("x", b"Set-Cookie: wide=1; Domain=1", b"Set-Cookie: com=1; Domain=com", b"Set-Cookie: own=1"),
          "/after": html("y")}),
    _case("entities in a sitemap", "/map.xml", "extract_failed",
          {"/map.xml": response(_ENTITIES.encode(), b"Content-Type: application/xml")}, sitemap=True),
)  # fmt: skip


@dataclass
class CaseServer(MisbehavingServer):
    """The host of one case."""

    answers: dict[str, bytes] = field(default_factory=dict)

    async def _answer(self, path: str, writer: asyncio.StreamWriter) -> bool:
        fixed = self.answers.get(path, NOT_FOUND if path == "/robots.txt" else None)
        if fixed is None:
            return await super()._answer(path, writer)
        writer.write(fixed)
        await writer.drain()
        return True


def _healthy() -> dict[str, bytes]:
    links = "".join(f'<a href="/p/{n}">{n}</a>' for n in range(1, PAGES))
    return {"/": html(links)} | {f"/p/{n}": html("All is well. " * 300) for n in range(1, PAGES)}


class Misbehaving:
    """All of them, listening; in a thread of their own, since the tests wait and poll."""

    def __init__(self) -> None:
        self.servers: dict[str, CaseServer] = {}
        self.urls: dict[str, tuple[str, ...]] = {}
        self._silent = socket.create_server(("127.0.0.1", 0))
        self._deaf = socket.socket()  # it has its port and does not listen: nobody else is met there meanwhile
        self._deaf.bind(("127.0.0.1", 0))
        self._healthy = CaseServer(answers=_healthy())

    @property
    def healthy(self) -> str:
        return self._healthy.url("/")

    @property
    def unusual(self) -> dict[str, tuple[str, str]]:
        """Hosts that are no servers: name → (URL, outcome)."""
        nobody = self._deaf.getsockname()[1]
        silent = self._silent.getsockname()[1]
        return {
            "refuses": (f"http://127.0.0.1:{nobody}/", "connect_failed"),
            "slow TLS handshake": (f"https://127.0.0.1:{silent}/", "timeout"),
            "not in the DNS": ("http://nowhere.invalid/", "dns_failed"),
            "a private address": ("http://10.255.255.1/", "blocked_address"),
        }

    async def _serve(self, ready: threading.Event, stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._healthy)
            for case in CASES:
                server = await stack.enter_async_context(CaseServer(answers=case.answers))
                self.servers[case.name] = server
                self.urls[case.name] = tuple(server.url(path) for path in case.paths)
            ready.set()
            await stop.wait()
        self._silent.close()
        self._deaf.close()


@contextmanager
def misbehaving() -> Iterator[Misbehaving]:
    """Serves every case until the block ends."""
    site, ready, loop, stop = Misbehaving(), threading.Event(), asyncio.new_event_loop(), asyncio.Event()
    thread = threading.Thread(target=lambda: loop.run_until_complete(site._serve(ready, stop)), daemon=True)
    thread.start()
    assert ready.wait(120), "the misbehaving site did not come up"
    try:
        yield site
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
