"""What a stranger can hold: a place, a few kilobytes, and that for seconds. Raw sockets against the real server."""

import asyncio
import os
import signal
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvloop
from structlog.testing import capture_logs

from api.edge.addresses import networks
from api.edge.doors import Doors, Entry
from api.metrics import Metrics
from api.server import Server, configured
from infra.errors import NotConfigured
from infra.tls import Certificate, pinned
from tests.unit.api.eventually import eventually
from tests.unit.api.patient import connect
from tests.unit.api.ports import bound

QUICK = Entry(head_time=1.0, body_every=1.0, body_least=100, linger=1.0)


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body, says its length; at /early it answers at once, at /busy it has something else to do first."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        await receive()
        return
    if scope["path"] == "/busy":
        await asyncio.sleep(0.3)
    size, more = 0, scope["path"] != "/early"
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        size, more = size + len(message["body"]), message["more_body"]
    text = str(size).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(text))]})
    await send({"type": "http.response.body", "body": text})


@asynccontextmanager
async def serving(entry: Entry, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[int, Doors]]:
    door, port = bound()
    doors = Doors(entry, Metrics())
    server = Server(configured(echo, doors, lifespan="off"), (tls, doors) if tls else None)
    task = asyncio.create_task(server.serve(sockets=[door]))
    await server.open.wait()
    try:
        yield port, doors
    finally:
        server.should_exit = True
        await task


class Wire:
    """One connection, byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, port: int) -> "Wire":
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def say(self, text: str) -> None:
        self.writer.write(text.encode())
        await self.writer.drain()

    async def rest(self) -> str:
        """Everything until the server hangs up."""
        try:
            return (await asyncio.wait_for(self.reader.read(), 60)).decode()
        except ConnectionResetError:
            return ""

    async def answer(self) -> str:
        """One small answer with a length."""
        head = await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 60)
        size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        return (head + await self.reader.readexactly(size)).decode()


def told(doors: Doors, why: str) -> float:
    return doors._metrics.registry.get_sample_value("trawl_refused_total", {"why": why}) or 0.0


GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_an_address_has_so_many_connections_and_gets_them_back() -> None:
    async with serving(Entry(per_address=2)) as (port, doors):
        first, second = await Wire.to(port), await Wire.to(port)
        for wire in (first, second):
            await wire.say(GET)
            assert "200 OK" in await wire.answer()
        third = await Wire.to(port)
        refused = await third.rest()
        assert refused.startswith("HTTP/1.1 503") and "retry-after: 5" in refused and told(doors, "connections") == 1
        first.writer.close()
        await eventually(lambda: len(doors) == 1)
        again = await Wire.to(port)
        await again.say(GET)
        assert "200 OK" in await again.answer()


async def test_a_trusted_proxy_brings_everybody_and_all_together_are_bounded() -> None:
    entry = Entry(per_address=1, connections=3, trusted=networks(["127.0.0.0/8"]))
    async with serving(entry) as (port, _):
        wires = [await Wire.to(port) for _ in range(3)]
        for wire in wires:
            await wire.say(GET)
            assert "200 OK" in await wire.answer()
        assert (await (await Wire.to(port)).rest()).startswith("HTTP/1.1 503")


async def test_a_socket_keeps_its_place_until_it_ends() -> None:
    async with serving(Entry(per_address=1)) as (port, doors):
        async with connect(f"ws://127.0.0.1:{port}/", proxy=None):
            assert (await (await Wire.to(port)).rest()).startswith("HTTP/1.1 503")
        await eventually(lambda: not len(doors))


@pytest.mark.parametrize("drip", ["", "GET / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_head_that_does_not_come_is_cut(drip: str) -> None:
    async with serving(QUICK) as (port, _):
        wire, began = await Wire.to(port), time.monotonic()
        await wire.say(drip)
        ending = asyncio.create_task(wire.rest())
        number = 0
        while not ending.done():  # one header after the other, each a sign of life, none the last
            number += 1
            if drip and not wire.reader.at_eof():
                wire.writer.write(f"X-{number}: y\r\n".encode())
            await asyncio.sleep(0.02)
        assert time.monotonic() - began < 60
        assert (await ending)[:12] == ("HTTP/1.1 408" if drip else "")


async def test_a_second_head_that_does_not_come_is_cut_too() -> None:
    async with serving(QUICK) as (port, _):
        wire = await Wire.to(port)
        await wire.say(GET)
        assert "200 OK" in await wire.answer()
        await asyncio.sleep(1.5)  # between two requests it may rest for longer than a head may take
        await wire.say(GET)
        assert "200 OK" in await wire.answer()
        await wire.say("GET / HT")
        assert (await wire.rest()).startswith("HTTP/1.1 408")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ("GET / HTTP/1.1\r\n" + "".join(f"X-{n}: y\r\n" for n in range(101)) + "\r\n", "431"),
        ("GET / HTTP/1.1\r\nX: " + "y" * 40_000 + "\r\n\r\n", "431"),
        ("GET / HTTP/1.1\r\nX: " + "y" * 33_000, "431"),  # it never ends
        ("GET /" + "y" * 9_000 + " HTTP/1.1\r\nHost: x\r\n\r\n", "414"),
        ("BOGUS\r\n\r\n", "400"),
    ],
)
async def test_a_head_that_is_too_large_is_refused(request_: str, status: str) -> None:
    async with serving(Entry()) as (port, doors):
        wire = await Wire.to(port)
        await wire.say(request_)
        said = await wire.rest()
        assert said.startswith(f"HTTP/1.1 {status}") and "connection: close" in said
        assert told(doors, "head") == 1


async def test_what_waits_behind_a_request_that_is_answered_is_not_begun_when_more_is_refused() -> None:
    async with serving(Entry()) as (port, _):
        wire = await Wire.to(port)
        await wire.say(GET.replace("/", "/busy", 1) + GET + "BOGUS\r\n\r\n")
        assert await wire.rest() == "", "no answer stands behind a refusal"


async def test_whoever_never_ends_sending_is_let_go() -> None:
    async with serving(QUICK) as (port, doors):
        wire = await Wire.to(port)
        with pytest.raises(ConnectionError):
            async with asyncio.timeout(60):
                await wire.say("GET / HTTP/1.1\r\nX: ")
                while True:
                    await wire.say("y" * 65_536)
                    await asyncio.sleep(0.01)
        await eventually(lambda: not len(doors))


async def test_large_and_many_headers_within_the_limits_pass() -> None:
    async with serving(Entry()) as (port, _):
        wire = await Wire.to(port)
        head = "POST / HTTP/1.1\r\n" + "".join(f"X-{n}: {'y' * 300}\r\n" for n in range(90))
        await wire.say(head + "Content-Length: 100000\r\n\r\n" + "z" * 100_000)
        assert (await wire.answer()).endswith("100000")


async def test_a_body_that_drips_is_cut_and_one_that_flows_is_not() -> None:
    async with serving(QUICK) as (port, _):
        head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
        slow, steady = await Wire.to(port), await Wire.to(port)
        await slow.say(head + "y")
        await steady.say(head)
        ending = asyncio.create_task(slow.rest())
        for _ in range(10):
            await steady.say("y" * 100)
            await asyncio.sleep(0.2)
        assert (await steady.answer()).endswith("1000")
        assert (await ending).startswith("HTTP/1.1 408")


async def test_one_address_has_so_many_bodies_that_take_their_time() -> None:
    """Each of them holds the place of a request until it is whole."""
    async with serving(replace(QUICK, slow_bodies=1)) as (port, doors):
        head = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9000\r\n\r\n"
        wires = [await Wire.to(port) for _ in range(3)]
        endings = [asyncio.create_task(wire.answer()) for wire in wires]
        for wire in wires:
            await wire.say(head)
        sent = 0
        while sum(ending.done() for ending in endings) < 2:
            for wire, ending in zip(wires, endings, strict=True):
                if not ending.done():
                    await wire.say("y" * 100)
            sent += 100
            await asyncio.sleep(0.05)
        (left,) = (number for number, ending in enumerate(endings) if not ending.done())
        assert told(doors, "slow") == 2
        await wires[left].say("y" * (9000 - sent))
        assert "200 OK" in await endings[left], "one may"
        assert not doors._slow, "and gives its place back"


async def test_a_body_that_nobody_wants_ends_the_connection_after_the_answer() -> None:
    async with serving(QUICK) as (port, _):
        wire = await Wire.to(port)
        await wire.say("POST /early HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert "200 OK" in await wire.answer()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            async with asyncio.timeout(60):
                while not wire.reader.at_eof():
                    await wire.say("400\r\n" + "y" * 1024 + "\r\n")
                    await asyncio.sleep(0.01)
                raise ConnectionResetError


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate and its key."""
    folder = tmp_path_factory.mktemp("tls")
    certificate, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=trawl.example", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return certificate, key


async def test_tls_is_modern_and_nothing_else_is_spoken(files: tuple[Path, Path]) -> None:
    certificate = Certificate.of(*files)
    assert certificate
    async with serving(Entry(), certificate.context) as (port, _):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = pinned(files[0])
            context.minimum_version = context.maximum_version = version
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
            cipher = writer.get_extra_info("cipher")[0]
            assert "GCM" in cipher or "CHACHA20" in cipher
            wire = Wire(reader, writer)
            await wire.say(GET)
            assert "200 OK" in await wire.answer()
            writer.close()
        old = pinned(files[0])
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.deprecated_call():
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=old)
        with pytest.raises(ssl.SSLError):  # somebody else's certificate is not believed
            await asyncio.open_connection("127.0.0.1", port, ssl=ssl.create_default_context())
        plain = await Wire.to(port)
        await plain.say(GET)
        assert "200" not in await plain.rest()


async def test_one_who_cannot_be_let_in_ends_the_accepting_for_nobody_else(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.edge.handshakes._REST_S", 0.001)
    certificate = Certificate.of(*files)
    assert certificate
    async with serving(Entry(), certificate.context) as (port, doors):
        knocks, failures = doors.knocks, [ValueError("an address of no shape"), OSError("no descriptor")]

        def at_last(peer: tuple[str, int]) -> bool:
            if failures:
                raise failures.pop()
            return knocks(peer)

        monkeypatch.setattr(doors, "knocks", at_last)
        with capture_logs() as logs:
            for _ in range(2):
                assert await (await Wire.to(port)).rest() == ""
        assert [entry["event"] for entry in logs] == ["not_accepted"]
        wire = Wire(*await asyncio.open_connection("127.0.0.1", port, ssl=pinned(files[0])))
        await wire.say(GET)
        assert "200 OK" in await wire.answer()
        wire.writer.close()


async def stalled_handshakes(certificate: Path, tls: ssl.SSLContext) -> None:
    async with serving(Entry(per_address=3, handshake=2.0), tls) as (port, doors):
        silent = [await Wire.to(port) for _ in range(3)]
        await eventually(lambda: len(doors) == 3)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=pinned(certificate))
        assert [await wire.rest() for wire in silent] == ["", "", ""], "each is hung up on in time"
        assert len(doors) == 0
        talking = [Wire(*await asyncio.open_connection("127.0.0.1", port, ssl=pinned(certificate))) for _ in range(3)]
        await eventually(lambda: len(doors) == 3)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=pinned(certificate))
        for wire in talking:
            await wire.say(GET)
            assert "200 OK" in await wire.answer()
            wire.writer.close()
        gone = await Wire.to(port)
        await gone.say("no TLS")
        assert "HTTP" not in await gone.rest()
        await eventually(lambda: len(doors) == 0)


async def refused_while_sending(begin: str, certificate: Path, tls: ssl.SSLContext | None) -> str:
    """What somebody is told who begins so and then sends four megabytes; too slowly first, if it is a body."""
    slow = "Content-Length" in begin
    async with serving(Entry(body_every=0.3) if slow else Entry(), tls) as (port, doors):
        wire = Wire(*await asyncio.open_connection("127.0.0.1", port, ssl=pinned(certificate) if tls else None))
        await wire.say(begin)
        if slow:
            await eventually(lambda: told(doors, "slow") == 1)
        for _ in range(64):
            await wire.say("y" * 65_536)
        said = await wire.answer()
        wire.writer.close()
        return said


CHUNK = f"{70_000:x}\r\n" + "y" * 70_000
"""More than is read ahead of an application."""

LOOPS = pytest.mark.parametrize("loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])


@LOOPS
@pytest.mark.parametrize("sort", ["plain", "tls"])
@pytest.mark.parametrize(
    ("begin", "status"),
    [
        ("GET / HTTP/1.1\r\nX: ", "431"),
        ("GET /", "414"),
        ("POST /busy HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNK + "no size\r\n", "400"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", "408"),
    ],
)
def test_a_refusal_reaches_whoever_is_still_sending(
    files: tuple[Path, Path], loop: Callable[[], asyncio.AbstractEventLoop], sort: str, begin: str, status: str
) -> None:
    certificate = Certificate.of(*files)
    assert certificate
    with asyncio.Runner(loop_factory=loop) as runner:
        tls = certificate.context if sort == "tls" else None
        assert runner.run(refused_while_sending(begin, files[0], tls)).startswith(f"HTTP/1.1 {status}")


@LOOPS
def test_handshakes_that_never_end_are_bounded_in_number_and_in_time(
    files: tuple[Path, Path], loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    certificate = Certificate.of(*files)
    assert certificate
    with asyncio.Runner(loop_factory=loop) as runner:
        runner.run(stalled_handshakes(files[0], certificate.context))


def test_half_a_certificate_or_a_broken_one_is_said_at_the_start(files: tuple[Path, Path], tmp_path: Path) -> None:
    assert Certificate.of(None, None) is None
    with pytest.raises(NotConfigured, match="TRAWL_TLS_KEY"):
        Certificate.of(files[0], None)
    for wrong in (tmp_path / "absent.pem", files[0]):
        with pytest.raises(NotConfigured, match="TRAWL_TLS_CERT must name"):
            Certificate.of(files[0], wrong)


@pytest.fixture
def renewed(files: tuple[Path, Path], tmp_path: Path) -> tuple[Path, bytes]:
    """Another certificate for the same key, and what stands in it."""
    subprocess.run(
        ["openssl", "req", "-x509", "-key", str(files[1]), "-days", "1", "-subj", "/CN=new.example",
         "-out", str(tmp_path / "new.pem")],
        check=True, capture_output=True, timeout=30,
    )  # fmt: skip
    return tmp_path / "new.pem", (tmp_path / "new.pem").read_bytes()


async def test_a_new_certificate_is_taken_at_a_signal_and_a_broken_one_is_not(
    files: tuple[Path, Path], renewed: tuple[Path, bytes], tmp_path: Path
) -> None:
    own = tmp_path / "cert.pem"
    own.write_bytes(files[0].read_bytes())
    certificate = Certificate.of(own, files[1])
    assert certificate
    certificate.read_again_when_told()
    try:
        async with serving(Entry(), certificate.context) as (port, _):
            for content, event in (
                (renewed[1], "certificate_read"),
                (b"rubbish", "certificate_not_read"),
            ):
                own.write_bytes(content)
                with capture_logs() as logged:
                    os.kill(os.getpid(), signal.SIGHUP)
                    await eventually(lambda event=event, logged=logged: event in [entry["event"] for entry in logged])  # type: ignore[misc]
                _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=pinned(renewed[0]))
                writer.close()
    finally:
        asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
