"""The command line's client against a server that answers as the gateway documents, and as it should not."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from cli.errors import NotRunning, Refused
from cli.gateway import Gateway


class Answers(BaseHTTPRequestHandler):
    """Answers from a table; remembers what was asked."""

    table: dict[str, tuple[int, Any]]
    asked: list[tuple[str, str, str]]
    retry_after = ""

    def do_GET(self) -> None:
        self.asked.append((self.command, self.path, self.headers.get("X-API-Key", "")))
        status, body = self.table[self.path.partition("?")[0]]
        if callable(body):
            body = body(self.path)
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        if self.retry_after:
            self.send_header("Retry-After", self.retry_after)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


@pytest.fixture
def answers() -> Iterator[type[Answers]]:
    class Own(Answers):
        table: dict[str, tuple[int, Any]] = {}
        asked: list[tuple[str, str, str]] = []

    yield Own


@pytest.fixture
def gateway(answers: type[Answers]) -> Iterator[Gateway]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    with Gateway(f"http://127.0.0.1:{server.server_port}", "secret", timeout=60) as made:
        yield made
    server.shutdown()
    server.server_close()
    thread.join()


def refusal(message: str, *faults: tuple[str, str]) -> dict[str, Any]:
    errors = [{"field": field, "message": said, "code": "INVALID"} for field, said in faults]
    return {"error": {"code": "VALIDATION_ERROR", "message": message, "details": {"errors": errors}}, "metadata": {}}


def test_the_key_goes_with_every_request(gateway: Gateway, answers: type[Answers]) -> None:
    answers.table["/api/v1/jobs/j"] = (200, {"job_id": "j"})
    assert gateway.job("j") == {"job_id": "j"}
    assert answers.asked == [("GET", "/api/v1/jobs/j", "secret")]


def test_a_no_names_each_field(gateway: Gateway, answers: type[Answers]) -> None:
    answers.table["/api/v1/scrape"] = (422, refusal("The request is not valid.", ("urls.0", "not a URL"), ("a", "b")))
    with pytest.raises(Refused) as caught:
        gateway.scrape({"url": "x"})
    assert "urls.0: not a URL; a: b" in str(caught.value)


def test_a_sentence_is_not_said_twice(gateway: Gateway, answers: type[Answers]) -> None:
    answers.table["/api/v1/jobs/j/cancel"] = (409, refusal("It is over.", ("", "It is over.")))
    with pytest.raises(Refused, match=r"says: It is over\.$"):
        gateway.cancel("j")


def test_another_program_at_the_address_is_recognised(gateway: Gateway, answers: type[Answers]) -> None:
    answers.table["/api/v1/jobs/j"] = (404, b"<html>nginx</html>")
    with pytest.raises(Refused, match="another program"):
        gateway.job("j")


def test_a_gateway_without_its_stores_is_not_running(gateway: Gateway, answers: type[Answers]) -> None:
    answers.table["/api/v1/jobs/j"] = (503, refusal("A store does not answer."))
    with pytest.raises(NotRunning, match="A store does not answer"):
        gateway.job("j")


def test_what_was_one_too_many_is_said_again(
    gateway: Gateway, answers: type[Answers], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr("cli.gateway.time.sleep", waited.append)

    def soon(_: str) -> dict[str, Any]:
        answers.table["/api/v1/jobs/j"] = (200, {"job_id": "j"})
        return refusal("Rate limit exceeded.")

    answers.table["/api/v1/jobs/j"] = (429, soon)
    answers.retry_after = "1"
    assert gateway.job("j") == {"job_id": "j"} and waited == [1]
    answers.table["/api/v1/jobs/j"] = (429, refusal("Rate limit exceeded: come back in 300 s."))
    answers.retry_after = "300"
    with pytest.raises(Refused, match="come back in 300 s"):
        gateway.job("j")
    assert waited == [1]


def test_health_is_told_well_or_not(gateway: Gateway, answers: type[Answers]) -> None:
    answers.table["/health"] = (503, {"status": "unhealthy"})
    assert gateway.health() == {"status": "unhealthy"}


def test_records_come_page_after_page_up_to_the_limit(gateway: Gateway, answers: type[Answers]) -> None:
    def page(path: str) -> dict[str, Any]:
        number = 2 if "cursor=second" in path else 1
        limit = int(path.split("limit=")[1].partition("&")[0])
        records = [{"id": f"{number}-{place}"} for place in range(min(limit, 1000))]
        return {"records": records, "next_cursor": "second" if number == 1 else None}

    answers.table["/api/v1/jobs/j/records"] = (200, page)
    found = list(gateway.records("j", 1500))
    assert len(found) == 1500
    assert (found[0]["id"], found[-1]["id"]) == ("1-0", "2-499")
    list(gateway.records("j", 1500, run_id=None, where=["price>=10", "new=true"], sort="-added"))
    for _, path, _ in answers.asked[-2:]:
        assert "where=price%3E%3D10&where=new%3Dtrue&sort=-added" in path and "run_id" not in path


def test_nobody_there_is_said_with_what_to_do() -> None:
    with Gateway("http://127.0.0.1:1", "k", timeout=2) as gateway, pytest.raises(NotRunning, match="trawl up"):
        gateway.jobs()
