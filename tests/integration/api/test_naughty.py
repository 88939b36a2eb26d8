"""Naughty strings in every place of every operation that the OpenAPI document names, and in the headers that every
request may have: refused with a sentence, or taken and told again as they were; never a server error, never a log line
that is no JSON.

Each place gets its share of the strings, in turn, so that all of them are used; `TRAWL_TEST_NAUGHTY=all` (`make fuzz`)
puts every string in every place.
"""

import asyncio
import itertools
import json
import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import pytest

from infra.postgres.pool import Database
from tests.integration.api.conftest import Served
from tests.integration.api.operations import Operation, example, found, operations, placed, places, things
from tests.unit.api.naughty import NAUGHTY, NUMBERS, UNSTORABLE

STRINGS = [*NAUGHTY, *UNSTORABLE]
WHOLE = os.environ.get("TRAWL_TEST_NAUGHTY") == "all"
SHARE = len(STRINGS) if WHOLE else 2
"""Strings for each place."""

AT_ONCE = 8
WAITING = {"/api/v1/scrape/sync", "/api/v1/scrape/estimate", "/api/v1/jobs/{job_id}/preview"}
"""They wait for processes that do not run here, with the body that `/scrape` takes: a few strings each."""
SLOW = {"/auth/login", "/api/v1/auth/login", "/auth/register", "/api/v2/users"}
"""They hash a password, which takes long on purpose: one string a place."""
MADE_OVER = ("url", "urls", "urls.*", "sitemaps.*", "feeds.*", "email", "href")
"""Fields that are told in a form of their own: addresses, canonical."""
EVERYWHERE = ("authorization", "x-api-key", "cookie", "origin", "accept", "content-type", "x-request-id", "user-agent",
              "if-none-match", "range", "api-version", "accept-encoding", "forwarded", "x-forwarded-for")  # fmt: skip
ELSEWHERE = Operation("GET", "/api/v1/jobs", "read_data", (), None, tuple(("header", name) for name in EVERYWHERE), {})
PAGES = [
    Operation("GET", path, "none", (), None, (("path", "x"),), {})
    for path in ("/{x}", "/dashboards/{x}", "/docs/files/{x}")
]


@dataclass(frozen=True)
class Case:
    """One string in one place, everything else as the example has it."""

    operation: Operation
    kind: str
    place: tuple[str, ...]
    text: str
    media: str = ""

    def __str__(self) -> str:
        return f"{self.operation.method} {self.operation.path} {self.kind} {'.'.join(self.place)} = {self.text[:60]!a}"


def cases(document: dict[str, Any]) -> Iterator[Case]:
    """Every place with its share."""
    turn = itertools.cycle(STRINGS)
    for operation in (*operations(document), ELSEWHERE, *PAGES):
        few = operation.path in WAITING and not WHOLE
        share = 1 if few or (operation.path in SLOW and not WHOLE) else SHARE
        where: list[tuple[str, tuple[str, ...], str]] = [(kind, (name,), "") for kind, name in operation.parameters]
        for media, content in operation.media.items():
            where += [("body", place, media) for place in places(document, content)]
        for kind, place, media in where[:: 16 if few else 1]:
            for text in itertools.islice(turn, share):
                yield Case(operation, kind, place, text, media)


@dataclass
class Play:
    """A client with every right and things of its own, made anew where an operation changes them."""

    client: httpx.AsyncClient
    served: Served
    owner: Database
    document: dict[str, Any]
    things: dict[str, str]
    compared: int = 0
    """Values that were taken and told again."""
    jobs: dict[str, dict[str, str]] = field(default_factory=dict)

    async def job(self, operation: Operation) -> dict[str, str]:
        """A job for this operation alone: what it does to it does not hide what others would."""
        name = f"{operation.method} {operation.path}"
        if name not in self.jobs:
            made = (await self.client.post("/api/v1/scrape", json={"url": "http://shop.test/"})).json()
            self.jobs[name] = {"job_id": made["job_id"], "run_id": made["run_id"]}
        return self.jobs[name]

    async def tried(self, case: Case) -> str:
        """What is wrong with the answer; nothing when all is well."""
        operation, have = case.operation, self.things
        try:
            if operation.permission == "none" and case.kind == "body":
                await self.owner.fetch("delete from attempts")  # guesses are slowed down
            if operation.method != "GET" and "{job_id}" in operation.path and case.kind != "path":
                have = have | await self.job(operation)
            status, content, headers = await self._sent(case, have)
        except httpx.TimeoutException:
            return "" if operation.path in WAITING else f"{case}: no answer"
        if status >= 500 and not (status == 503 and operation.path in WAITING):
            return f"{case}: {status} {content[:300]!r}"
        told = json.loads(content) if content and "json" in headers.get("content-type", "") else None
        if status >= 400 and not (isinstance(told, dict) and "error" in told):
            # The server refuses a head that is none, and an address that is too long, before there is a gateway.
            known = operation in PAGES or status == 414 or content == b"Invalid HTTP request received."
            return "" if known else f"{case}: {status} {content[:200]!r}"
        return await self._kept(case, told) if status < 300 and case.kind == "body" else ""

    async def _kept(self, case: Case, told: Any) -> str:
        """What was taken is told as it was."""
        if case.operation.path in ("/api/v1/scrape", "/api/v1/jobs") and isinstance(told, dict):
            address = f"/api/v1/jobs/{told['job_id']}?description=true"
            told = (await self.client.get(address)).json()["job"]
        elif isinstance(told, dict):
            told = told.get("data", told)
        value = found(told, case.place)
        self.compared += isinstance(value, str)
        if isinstance(value, str) and value not in (case.text, case.text.strip()) and not _made_over(case):
            return f"{case}: told as {value!a}"
        return ""

    async def _sent(self, case: Case, have: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        operation, text = case.operation, case.text
        raw = text.encode("utf-8", "surrogatepass")
        path = operation.at({name: quote(thing, safe="") for name, thing in have.items()} | (
            {case.place[0]: quote(raw, safe="")} if case.kind == "path" else {}))  # fmt: skip
        query = "?" + urlencode({case.place[0]: raw}) if case.kind == "query" else ""
        content, headers = self._body(case), {}
        if content is not None:
            headers["Content-Type"] = case.media or next(iter(operation.media))
        if case.kind == "header":
            return await self._raw(operation.method, path, case.place[0], raw, content, headers)
        answer = await self.client.request(operation.method, path + query, content=content, headers=headers,
                                           timeout=15 if operation.path in WAITING else 60)  # fmt: skip
        return answer.status_code, answer.content, dict(answer.headers)

    def _body(self, case: Case) -> bytes | None:
        """The example with the string in its place: JSON with ASCII alone, the widest kind of it; a number as one."""
        media = case.media or next(iter(case.operation.media), "")
        if not media:
            return None
        content = case.operation.media[media]
        body = example(self.document, content)
        if media == "application/json":
            if case.kind == "body":
                body = placed(body, case.place, _number(case.text))
            return json.dumps(body).encode()
        raw = case.text.encode("utf-8", "surrogatepass")
        if "form" in media:
            fields = body if isinstance(body, dict) else {}
            if case.kind == "body" and case.place:
                fields = fields | {case.place[0]: raw}
            return urlencode(fields).encode()
        return raw if case.kind == "body" else str(body).encode()

    async def _raw(self, method: str, path: str, name: str, value: bytes, content: bytes | None,
                   headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:  # fmt: skip
        """Without a client that would look at the header first."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.served.port)
        own = {"Host": self.served.address, "Connection": "close", "Content-Length": str(len(content or b"")),
               "Authorization": self.client.headers["Authorization"], **headers}  # fmt: skip
        lines = [f"{method} {path} HTTP/1.1".encode()]
        lines += [f"{key}: {said}".encode() for key, said in own.items() if key.lower() != name.lower()]
        writer.write(b"\r\n".join([*lines, name.encode() + b": " + value, b"", content or b""]))
        try:
            answer = await asyncio.wait_for(reader.read(), 60)
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        kind = "application/json" if b"application/json" in head and body[:1] == b"{" and body[-1:] == b"}" else ""
        return int(head.split()[1]), body, {"content-type": kind}


def _number(text: str) -> Any:
    if text not in NUMBERS:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _made_over(case: Case) -> bool:
    return ".".join(case.place).endswith(MADE_OVER)


@pytest.fixture
def key(served: Served) -> Iterator[tuple[str, dict[str, str], dict[str, Any]]]:
    """An administrator's key, which signing out does not end; some things of theirs; and the document."""
    with httpx.Client(base_url=served.url, trust_env=False, timeout=60) as admin:
        signed = admin.post("/api/v1/auth/login", json={"username": "admin", "password": served.password})
        assert signed.status_code == 200, served.log()[-3000:]
        admin.headers["Authorization"] = f"Bearer {signed.json()['access_token']}"
        made = admin.post("/api/v1/auth/keys", json={"name": "naughty"})
        assert made.status_code == 201, made.text
        yield made.json()["key"], things(admin), admin.get("/openapi.json").json()


@pytest.fixture
async def play(served: Served, engines: Any, key: tuple[str, dict[str, str], dict[str, Any]]) -> AsyncIterator[Play]:
    """A program with every right."""
    secret, have, document = key
    headers = {"Authorization": f"Bearer {secret}"}
    async with (
        httpx.AsyncClient(base_url=served.url, trust_env=False, headers=headers) as client,
        Database(engines.postgres_owner) as owner,
    ):
        yield Play(client, served, owner, document, have)


@pytest.mark.timeout(0 if WHOLE else 300)
async def test_naughty_strings_everywhere(play: Play) -> None:
    waiting, wrong = list(cases(play.document)), []
    waiting.sort(key=lambda case: case.operation.path in WAITING)
    assert {case.text for case in waiting} == set(STRINGS) and len(STRINGS) >= 515

    async def work() -> None:
        while waiting:
            problem = await play.tried(waiting.pop())
            if problem:
                wrong.append(problem)

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    assert not wrong, "\n".join(wrong)
    assert play.compared > 20, play.compared
    assert (await play.client.get("/api/v1/auth/me")).status_code == 200
    lines = play.served.log().splitlines()
    assert lines and all(isinstance(json.loads(line), dict) for line in lines)
