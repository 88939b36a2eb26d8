"""Which stream `trawl watch` follows, until when, and a frame as a line of a terminal."""

import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from rich.console import Console
from typer.testing import CliRunner, Result
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from api.live.streams import CHANNELS as SERVED
from cli.commands.watch import CHANNELS, line
from cli.errors import WrongUse
from cli.main import app


def shown(frame: dict[str, object]) -> str:
    """As it stands on the terminal."""
    written = io.StringIO()
    Console(file=written, width=200, color_system=None).print(line(frame), markup=True, soft_wrap=True)
    return written.getvalue()


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        ({"type": "record", "data": {"data": {"sku": "A", "price": 1.5}}}, ["record", "sku=A", "price=1.5"]),
        ({"type": "trend", "data": {"sentence": "price of A fell"}}, ["trend", "price of A fell"]),
        (
            {"type": "marks", "data": {"dataset": "shop", "marks": [{"key": "a", "state": "changed"}]}},
            ["marks", "shop: a is changed"],
        ),
        ({"type": "marks", "data": {"dataset": "shop", "marks": []}}, ["all unchanged"]),
        ({"type": "log", "data": {"message": "fetched 200 http://x/"}}, ["log", "fetched 200"]),
        (
            {"type": "progress", "data": {"current_page": 3, "total_pages": None, "current_operation": "Waiting"}},
            ["3 of ? pages", "Waiting"],
        ),
        (
            {"type": "complete", "data": {"status": "failed", "reason": "nothing fetched"}},
            ["complete", "nothing fetched"],
        ),
        ({"type": "error", "data": {"message": "too slow"}}, ["error", "too slow"]),
        ({"type": "unheard", "data": {"a": 1}}, ["unheard"]),
    ],
)
def test_each_kind_is_said_in_one_line(frame: dict[str, object], words: list[str]) -> None:
    text = shown(frame)
    assert text.count("\n") == 1
    assert [word for word in words if word not in text] == []


def test_a_page_cannot_colour_the_terminal() -> None:
    text = shown({"type": "record", "data": {"data": {"name": "[red]sale[/red] \x1b[31m"}}})
    assert "[red]sale[/red]" in text
    assert "\x1b" not in text


COMPLETE = '{"type":"complete","data":{"status":"completed"}}'
RECORD = '{"type":"record","data":{"data":{"sku":"A-1"}}}'


@dataclass
class Streaming:
    """A gateway of one job, whose streams are each of the same three frames, and what streams it was asked for."""

    port: int = 0
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, socket: ServerConnection, request: Request) -> Response | None:
        """The job as JSON; streams are told."""
        return socket.respond(200, '{"job_id": "some-job"}') if request.path == "/api/v1/jobs/some-job" else None

    def tell(self, socket: ServerConnection) -> None:
        assert socket.request
        self.asked.append((socket.request.path, socket.request.headers["X-API-Key"]))
        for frame in (RECORD, COMPLETE, RECORD):
            socket.send(frame)

    def watch(self, *words: str) -> Result:
        url = f"http://127.0.0.1:{self.port}"
        return CliRunner().invoke(app, ["watch", *words, "--url", url, "--json"], env={"TRAWL_API_KEY": "k"})


@pytest.fixture
def streaming() -> Iterator[Streaming]:
    found = Streaming()
    with serve(found.tell, "127.0.0.1", 0, process_request=found.answer) as server:
        found.port = server.socket.getsockname()[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def test_the_channels_are_those_of_the_gateway() -> None:
    assert set(CHANNELS) == set(SERVED)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_channel_is_followed_beyond_the_end_of_a_run(streaming: Streaming, channel: str) -> None:
    said = streaming.watch(channel)
    assert said.exit_code == 0, said.output
    assert said.stdout.splitlines() == [RECORD, COMPLETE, RECORD]
    assert streaming.asked == [(f"/api/v1/stream?channel={channel}", "k")]


def test_a_job_is_followed_to_the_end_of_its_run(streaming: Streaming) -> None:
    said = streaming.watch("some-job")
    assert said.exit_code == 0, said.output
    assert said.stdout.splitlines() == [RECORD, COMPLETE]
    assert streaming.asked == [("/api/v1/jobs/some-job/stream", "k")]


def test_a_channel_of_one_dataset_and_some_frames(streaming: Streaming) -> None:
    said = streaming.watch("records", "--dataset", "a b", "--only", "record")
    assert said.stdout.splitlines() == [RECORD, RECORD]
    assert streaming.asked == [("/api/v1/stream?channel=records&dataset=a+b", "k")]


@pytest.mark.parametrize("words", [["latest", "--only", "records"], ["some-job", "--dataset", "shop"]])
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(streaming: Streaming, words: list[str]) -> None:
    said = streaming.watch(*words)
    assert isinstance(said.exception, WrongUse)
    assert not streaming.asked
