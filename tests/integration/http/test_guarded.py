"""Nothing is connected to that the guard has not approved: tried on real sockets."""

import asyncio
import ipaddress
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.http.exchange import HttpFetcher, HttpSettings
from infra.http.resolver import ResolverLimits
from schemas.exchange import ExchangeFailure, ExchangeRequest, ExchangeResponse
from tests.integration.http.misbehaving import PAGE, MisbehavingServer


async def kind_of(fetcher: HttpFetcher, url: str, read: float = 60.0) -> str:
    result = await fetcher.fetch(ExchangeRequest(url, connect_timeout=60.0, read_timeout=read, total_timeout=120.0))
    return result.kind if isinstance(result, ExchangeFailure) else "fetched"


async def test_without_an_allow_list_loopback_is_refused_in_every_form(server: MisbehavingServer) -> None:
    hosts = ["127.0.0.1", "localhost", "2130706433", "127.1", "0x7f.1", "0177.0.0.1", "127.0.0.1.", "[::1]",
             "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "0.0.0.0", "[::]", "0"]  # fmt: skip
    async with HttpFetcher() as fetcher:
        assert {await kind_of(fetcher, f"http://{host}:{server.port}/page") for host in hosts} == {"blocked_address"}
        assert await kind_of(fetcher, f"http://example.com@127.0.0.1:{server.port}/page") == "malformed_response"
        assert await kind_of(fetcher, "http://169.254.169.254/latest/meta-data/") == "blocked_address"
    assert server.connections == 0


async def test_the_allow_list_lets_exactly_that_port_through(server: MisbehavingServer) -> None:
    async with MisbehavingServer() as other, HttpFetcher([f"127.0.0.1:{server.port}"]) as fetcher:
        assert await kind_of(fetcher, server.url("/page")) == "fetched"
        assert await kind_of(fetcher, other.url("/page")) == "blocked_address"
        assert await kind_of(fetcher, f"http://localhost:{server.port}/page") in ("fetched", "blocked_address")
        assert other.connections == 0


async def test_a_name_is_refused_for_one_bad_answer_and_dialled_only_where_it_was_checked(
    server: MisbehavingServer,
) -> None:
    answers: list[Sequence[str]] = [["8.8.8.8", "127.0.0.1"], ["127.0.0.1"]]

    def lookup(host: str) -> Sequence[str]:
        return answers[0] if host == "mixed.example" else answers[1]

    async with HttpFetcher(lookup=lookup) as fetcher:
        assert await kind_of(fetcher, f"http://mixed.example:{server.port}/page") == "blocked_address"
        assert await kind_of(fetcher, f"http://rebound.example:{server.port}/page") == "blocked_address"
    async with HttpFetcher(["rebound.example"], lookup=lookup) as fetcher:
        assert await kind_of(fetcher, f"http://rebound.example:{server.port}/page") == "fetched"
        assert await kind_of(fetcher, f"http://mixed.example:{server.port}/page") == "blocked_address"
        assert await kind_of(fetcher, f"http://127.0.0.1:{server.port}/page") == "blocked_address"
    assert server.connections == 1


async def test_a_rebinding_name_gains_nothing(server: MisbehavingServer) -> None:
    """First a good address, then ours: each look-up is checked and no connection outlives its check."""
    asked: list[str] = []

    def rebinding(host: str) -> Sequence[str]:
        asked.append(host)
        return ["192.0.0.9"] if len(asked) == 1 else ["127.0.0.1"]

    # The first address is reserved and therefore stands for a public one by the allow-list; nobody listens there.
    settings = HttpSettings(names=ResolverLimits(ttl=0.0))
    async with HttpFetcher(["192.0.0.9"], settings, lookup=rebinding) as fetcher:
        first = await kind_of(fetcher, f"http://rebinding.example:{server.port}/page")
        assert first in ("timeout", "connect_failed")
        assert await kind_of(fetcher, f"http://rebinding.example:{server.port}/page") == "blocked_address"
    assert len(asked) == 2
    assert server.connections == 0


async def test_names_ports_and_hosts_that_are_not_there(server: MisbehavingServer) -> None:
    def nowhere(host: str) -> Sequence[str]:
        raise OSError("no such name")

    closed = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = closed.sockets[0].getsockname()[1]
    closed.close()
    await closed.wait_closed()
    async with HttpFetcher(["127.0.0.1"], lookup=nowhere) as fetcher:
        assert await kind_of(fetcher, "http://nowhere.example/") == "dns_failed"
        assert await kind_of(fetcher, f"http://127.0.0.1:{port}/") == "connect_failed"
        for url in ("http:///x", "ftp://127.0.0.1/", "http://127.0.0.1:99999/", "http://[::1/", "//x", ""):
            assert await kind_of(fetcher, url) in ("malformed_response", "blocked_address")


def authority(folder: Path, names: list[x509.GeneralName], days: int = 1) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a fresh certificate for `names`, and the file of what it is to be trusted by."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=10))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "certificate.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(pem)
    return serving, pem


LOOPBACK = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))


async def test_tls_is_verified_and_its_version_told(tmp_path: Path) -> None:
    serving, trusting = authority(tmp_path, [LOOPBACK])
    async with MisbehavingServer(tls=serving) as server:
        async with HttpFetcher(["127.0.0.1"], authorities=trusting) as fetcher:
            result = await fetcher.fetch(ExchangeRequest(server.url("/page")))
            assert isinstance(result, ExchangeResponse)
            assert (result.body, result.tls_version) == (PAGE, "TLSv1.3")
            times = result.times
            assert times.connect is not None and times.tls is not None
            assert 0 < times.connect < times.connect + times.tls <= times.first_byte
            assert (await kind_of(fetcher, server.url("/short-length"))) == "malformed_response"
            assert (await kind_of(fetcher, server.url("/never"), read=1.0)) == "timeout"
        async with HttpFetcher(["127.0.0.1"]) as fetcher:
            assert await kind_of(fetcher, server.url("/page")) == "tls_failed"
        assert len(server.asked) == 3


@pytest.mark.parametrize(("names", "days"), [([x509.DNSName("other.example")], 1), ([LOOPBACK], -1)])
async def test_a_certificate_of_another_or_of_yesterday(
    names: list[x509.GeneralName], days: int, tmp_path: Path
) -> None:
    serving, trusting = authority(tmp_path, names, days)
    async with MisbehavingServer(tls=serving) as server, HttpFetcher(["127.0.0.1"], authorities=trusting) as fetcher:
        assert await kind_of(fetcher, server.url("/page")) == "tls_failed"
        assert server.asked == []


async def test_a_server_that_does_not_speak_tls_or_does_not_speak() -> None:
    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(writer)

    async def plain(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.append(writer)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    accepted: list[asyncio.StreamWriter] = []
    found = []
    async with HttpFetcher(["127.0.0.1"]) as fetcher:
        for behaviour, patience in ((silent, 0.5), (plain, 60.0)):
            listening = await asyncio.start_server(behaviour, "127.0.0.1", 0)
            port = listening.sockets[0].getsockname()[1]
            request = ExchangeRequest(f"https://127.0.0.1:{port}/", connect_timeout=patience, total_timeout=120.0)
            found.append(await fetcher.fetch(request))
            listening.close()
    for writer in accepted:
        writer.close()
    assert [one.kind for one in found if isinstance(one, ExchangeFailure)] == ["timeout", "tls_failed"]
    assert max(one.elapsed_ms for one in found if isinstance(one, ExchangeFailure)) < 60_000
