"""A live stream as the command line follows it: over TLS, over lost connections, until it is told no."""

import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from cli import stream
from cli.errors import Dismissed, NotRunning, Refused
from cli.gateway import Gateway
from infra.tls import Certificate

RECORD = '{"type":"record","data":{"key":"%s"},"cursor":"at %s"}'
ERROR = '{"type":"error","data":{"message":"Sign in again."}}'
PATH = "/api/v1/stream?channel=records"


@pytest.fixture
def gives_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "_PAUSES", (0.01, 0.01))


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate that nobody knows, and its key."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
         "-subj", "/CN=trawl.example", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


@contextmanager
def telling(
    tell: Callable[[ServerConnection], None],
    tls: ssl.SSLContext | None = None,
    answer: Callable[[ServerConnection, Request], Response | None] | None = None,
) -> Iterator[str]:
    """A gateway that has only streams; its address."""
    with serve(tell, "127.0.0.1", 0, ssl=tls, process_request=answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def keys(url: str, certificate: Path | None = None) -> list[str]:
    with Gateway(url, "k", certificate=certificate) as gateway:
        return [frame["data"]["key"] for frame in stream.frames(gateway, PATH)]


def one(socket: ServerConnection) -> None:
    socket.send(RECORD % ("a", "a"))


@pytest.mark.usefixtures("gives_up_soon")
def test_a_gateway_with_a_certificate_of_its_own_is_believed_by_it_alone(files: tuple[Path, Path]) -> None:
    certificate = Certificate.of(*files)
    assert certificate
    with telling(one, certificate.context) as url:
        assert keys(url, files[0]) == ["a"]
        with pytest.raises(NotRunning, match=f"{url} shows a certificate that is not believed"):
            keys(url)


def test_a_lost_connection_is_taken_up_again_where_it_was() -> None:
    asked: list[tuple[str, str]] = []

    def lost_twice(socket: ServerConnection) -> None:
        assert socket.request
        asked.append((socket.request.path, socket.request.headers["X-API-Key"]))
        socket.send(RECORD % (len(asked), len(asked)))
        if len(asked) < 3:
            socket.close(1001 if len(asked) == 1 else 1013)

    with telling(lost_twice) as url:
        assert keys(url) == ["1", "2", "3"]
    assert asked == [(PATH, "k"), (f"{PATH}&cursor=at%201", "k"), (f"{PATH}&cursor=at%202", "k")]


def test_who_may_listen_no_longer_is_told_why() -> None:
    def dismiss(socket: ServerConnection) -> None:
        socket.send(ERROR)
        socket.close(1008)

    heard: list[dict[str, Any]] = []
    with telling(dismiss) as url, Gateway(url, "k") as gateway:  # noqa: SIM117
        with pytest.raises(Dismissed, match=r"Sign in again\."):
            heard.extend(stream.frames(gateway, stream.of_job("j/1")))
    assert [frame["type"] for frame in heard] == ["error"]


def test_a_no_at_the_door_is_no_reason_to_ask_again() -> None:
    asked: list[str] = []

    def refuse(socket: ServerConnection, request: Request) -> Response:
        asked.append(request.path)
        return socket.respond(HTTPStatus.NOT_FOUND, "")

    with telling(one, answer=refuse) as url, pytest.raises(Refused, match="404"):
        keys(url)
    assert len(asked) == 1


@pytest.mark.usefixtures("gives_up_soon")
def test_nobody_there_is_said_with_what_to_do() -> None:
    with pytest.raises(NotRunning, match="trawl up"):
        keys("http://127.0.0.1:1")
