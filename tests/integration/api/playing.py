"""One naughty string in one request: sent, and the answer looked at; what was taken is told again as it was."""

import asyncio
import contextlib
import json
import os
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import httpx

from infra.postgres.pool import Database
from tests.integration.api.conftest import Served
from tests.integration.api.operations import Operation, found, placed, things
from tests.integration.api.together import Case, Place, base
from tests.unit.api.naughty import EDGES, HUGE, NUMBERS, UNSTORABLE

WHOLE = os.environ.get("TRAWL_TEST_NAUGHTY") in ("all", "every")
"""Whether every string goes into every place, and not each its share."""
NUMERIC = frozenset([*NUMBERS, *EDGES, *HUGE])
SPLITS = 3
"""So many strings may be refused without a place; then their places go their own ways from the start."""
WAITING = {"/api/v1/scrape/sync", "/api/v1/scrape/estimate", "/api/v1/jobs/{job_id}/preview"}
"""They wait for processes that do not run here."""
STATES = {403, 404, 409, 412, 429, 503}
"""What an operation may answer whatever it is sent: of the thing that it is about."""
UNKNOWN = {"AUTHENTICATION_REQUIRED", "TOKEN_EXPIRED"}
"""With these every later refusal would look like one of a string."""
CHANGES = {"/api/v1/jobs/{job_id}", "/api/v1/jobs/{job_id}/clone"}
"""Their bodies take the fields of a job, which the document does not list again."""
MADE = {"/api/v1/auth/keys": "id", "/api/v1/auth/credentials": "id", "/api/v1/webhooks": "id",
        "/api/v1/oauth/clients": "client_id"}  # fmt: skip
"""Of what they make an account may have only so many; it is removed by this name of its id."""
JOBS = CHANGES | {"/api/v1/jobs", "/api/v1/scrape"}
"""What they take is told at the job's own address."""
MADE_OVER = ("permissions.*", "url", "urls", "urls.*", "sitemaps.*", "feeds.*", "email", "href", "host", "schedule.at")
"""Fields that are told in a form of their own: addresses and moments, canonical; permissions with those of the role."""
EVERYWHERE = ("authorization", "x-api-key", "cookie", "origin", "accept", "content-type", "x-request-id", "user-agent",
              "if-none-match", "if-match", "range", "if-range", "api-version", "accept-encoding", "accept-language",
              "forwarded", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "host", "referer", "expect",
              "content-length", "transfer-encoding", "connection", "upgrade", "last-event-id", "traceparent",
              "access-control-request-method", "access-control-request-headers")  # fmt: skip
ELSEWHERE = Operation("GET", "/api/v1/jobs", "read_data", (), None, tuple(("header", name) for name in EVERYWHERE), {})
PAGES = [
    Operation("GET", path, "none", (), None, (("path", "x"),), {})
    for path in ("/{x}", "/dashboards/{x}", "/docs/files/{x}", "/sign-in/{x}", "/reset-password/{x}")
]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    content: bytes
    told: Any

    @property
    def code(self) -> str:
        """For machines: what went wrong."""
        error = self.told.get("error") if isinstance(self.told, dict) else None
        return str(error["code"]) if isinstance(error, dict) else ""

    @property
    def fields(self) -> list[str]:
        """What its faults are about."""
        error = self.told.get("error") if isinstance(self.told, dict) else None
        faults = error["details"]["errors"] if isinstance(error, dict) else ()  # OAuth's own errors are a word
        return [str(fault["field"]) for fault in faults if fault["field"]]


@dataclass
class Play:
    """A client with every right and things of its own, made anew where an operation changes them."""

    client: httpx.AsyncClient
    admin: httpx.Client
    served: Served
    owner: Database
    document: dict[str, Any]
    things: dict[str, str]
    sent: Counter[str] = field(default_factory=Counter)
    """Requests, by operation."""
    compared: int = 0
    """Values that were taken and told again."""
    taken: set[tuple[str, str, Place]] = field(default_factory=set)
    """Places that a string was taken in."""
    divided: Counter[tuple[str, tuple[Place, ...]]] = field(default_factory=Counter)
    """How many strings these places were refused with as one, nobody saying which of them was wrong."""
    own: dict[str, dict[str, str]] = field(default_factory=dict)
    alone: dict[str, asyncio.Lock] = field(default_factory=dict)
    """For operations that change one thing which is looked at afterwards."""
    plain: dict[tuple[str, str], int] = field(default_factory=dict)
    making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def tried(self, case: Case) -> list[str]:
        """What is wrong with the answers; nothing when all is well. Every place ends refused, or taken."""
        parts = case.halves()
        if len(case.places) > 1 and self.divided[case.media, case.places] >= SPLITS:
            return [problem for half in parts for problem in await self.tried(half)]
        answer, changed = await self._looked_at(case)
        problem = self._wrong(case, answer)
        if problem or answer is None:
            alone = len(case.places) < 2
            return [problem] * bool(problem) if alone else (
                [one for half in parts for one in await self.tried(half)] or [problem] * bool(problem))  # fmt: skip
        if answer.status < 300:
            self.taken |= {(str(case.operation), case.media, place) for place in case.places}
            return changed
        named = case.named(answer.fields)
        rest = case.without(named)
        if len(case.places) < 2 or not rest.places:
            return []
        if named:
            return await self.tried(rest)
        outside = any(place.kind == "path" for place in case.places)
        if answer.status in STATES and not outside and answer.status == await self._plain(case):
            return []  # it would say so to anybody
        self.divided[case.media, case.places] += case.text not in UNSTORABLE
        return [problem for half in parts for problem in await self.tried(half)]

    async def _looked_at(self, case: Case) -> tuple[Answer | None, list[str]]:
        """The answer, and what was not kept of what was taken."""
        lock = self.alone.setdefault(str(case.operation), asyncio.Lock())
        async with lock if case.operation.method in ("PUT", "PATCH") else contextlib.nullcontext():
            answer = await self._answer(case)
            taken = answer is not None and answer.status < 300
            changed = await self._kept(case, answer.told) if answer and taken else []
            if answer and taken and case.operation.method == "POST" and case.operation.path in MADE:
                made = answer.told[MADE[case.operation.path]]
                await self.client.delete(f"{case.operation.path}/{made}")
            return answer, changed

    async def _answer(self, case: Case) -> Answer | None:
        operation, have = case.operation, self.things
        if operation.permission == "none" and operation.method == "POST":
            await self.owner.fetch("delete from attempts")  # guesses are slowed down
        if operation.method != "GET" and operation.names:
            have = have | await self._own(operation)
        for pause in (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 0):
            self.sent[str(operation)] += 1
            try:
                status, content, headers = await self._sent(case, have)
            except (httpx.TransportError, OSError, EOFError):
                return None
            if status != 503 or operation.path not in WAITING or b"ask again" not in content:
                break
            await asyncio.sleep(pause)
        kind = headers.get("content-type", "").partition(";")[0]
        told = json.loads(content) if content and kind.endswith(("/json", "+json")) else None
        return Answer(status, content, told)

    async def _own(self, operation: Operation) -> dict[str, str]:
        """Things for this operation alone: what it does to them does not hide what others would."""
        name = str(operation)
        async with self.making:
            if name not in self.own:
                self.own[name] = await asyncio.to_thread(things, self.admin, set(operation.names))
        return self.own[name]

    async def _plain(self, case: Case) -> int:
        """What the operation answers without any string."""
        name = str(case.operation), case.media
        if name not in self.plain:
            answer = await self._answer(case.without(set(case.places)))
            self.plain[name] = answer.status if answer else 0
        return self.plain[name]

    def _wrong(self, case: Case, answer: Answer | None) -> str:
        operation = case.operation
        if answer is None:
            return f"{case}: no answer"
        if answer.status >= 500 and not (answer.status == 503 and operation.path in WAITING):
            return f"{case}: {answer.status} {answer.content[:300]!r}"
        # The server refuses a head that is none, and one that is too long, before there is a gateway.
        beyond = answer.status in (414, 431) or answer.content == b"Invalid HTTP request received."
        if operation in PAGES or beyond:
            return ""
        if answer.status >= 400 and not (isinstance(answer.told, dict) and "error" in answer.told):
            return f"{case}: {answer.status} {answer.content[:200]!r}"
        if answer.code in UNKNOWN and operation.permission != "none" and operation is not ELSEWHERE:
            return f"{case}: the caller is no longer known: {answer.content[:200]!r}"
        elsewhere = any(place.kind == "path" for place in case.places) and answer.status in (404, 405)
        if operation.statuses and str(answer.status) not in operation.statuses and not elsewhere:
            return f"{case}: {answer.status} is not in the document: {answer.content[:200]!r}"
        return ""

    async def _kept(self, case: Case, told: Any) -> list[str]:
        """What was taken is told as it was."""
        inside = [place for place in case.places if place.kind == "body" and place.names]
        if not inside or case.media != "application/json" or not isinstance(told, dict):
            return []
        if case.operation.path in JOBS and "job_id" in told:
            address = f"/api/v1/jobs/{told['job_id']}?description=true"
            told = (await self.client.get(address)).json()["job"]
        else:
            told = told.get("data", told)
        return [problem for place in inside if (problem := self._changed(case, place, told))]

    def _changed(self, case: Case, place: Place, told: Any) -> str:
        if place.names[-1] == "?":
            parent, said = found(told, place.names[:-1]), str(_number(case.text))
            same = not isinstance(parent, dict) or len(place.names) < 2 or {said, said.strip()} & set(parent)
            return "" if same else f"{case}: {place} told as {list(parent)[:5]!a}"
        value = found(told, place.names)
        if _made_over(place) or value is None:
            return ""
        asked = _number(case.text)
        if isinstance(value, str):
            self.compared += 1
            if value in (case.text, case.text.strip()) or not isinstance(asked, str):
                return ""
            return f"{case}: {place} told as {value[:200]!a}"
        if isinstance(asked, int | float) and isinstance(value, int | float) and value != asked:
            return f"{case}: {place} told as {value!a}"
        return ""

    async def _sent(self, case: Case, have: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        operation, raw = case.operation, case.text.encode("utf-8", "surrogatepass")
        of = {
            kind: [place.names[0] for place in case.places if place.kind == kind]
            for kind in ("path", "query", "header")
        }
        path = operation.at({name: quote(thing, safe="") for name, thing in have.items()} | (
            {name: quote(raw, safe="") for name in of["path"]}))  # fmt: skip
        if of["query"]:
            path += "?" + urlencode({name: raw for name in of["query"]})
        content, headers = self._body(case), {}
        if content is not None:
            headers["Content-Type"] = case.media or next(iter(operation.media))
        if of["header"] or len(path) > 60_000:  # which the client would not send
            return await self._raw(operation.method, path, of["header"], raw, content, headers)
        answer = await self.client.request(operation.method, path, content=content, headers=headers, timeout=60)
        return answer.status_code, answer.content, dict(answer.headers)

    def _body(self, case: Case) -> bytes | None:
        """The example with the string in its places: JSON with ASCII alone, the widest kind of it; a number as one."""
        if not case.media:
            return None
        body = base(self.document, case.operation, case.media, uuid4().hex)
        inside = [place.names for place in case.places if place.kind == "body"]
        if case.media == "application/json":
            for names in inside:
                body = placed(body, names, _number(case.text))
            return json.dumps(body).encode()
        raw = case.text.encode("utf-8", "surrogatepass")
        if "form" in case.media:
            fields = body if isinstance(body, dict) else {}
            return urlencode(fields | {names[0]: raw for names in inside if names}).encode()
        return raw if inside else str(body).encode()

    async def _raw(self, method: str, path: str, names: list[str], value: bytes, content: bytes | None,
                   headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:  # fmt: skip
        """Without a client that would look at the headers first."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.served.port)
        own = {"Host": self.served.address, "Connection": "close", "Content-Length": str(len(content or b"")),
               "Authorization": self.client.headers["Authorization"], **headers}  # fmt: skip
        lines = [f"{method} {path} HTTP/1.1".encode()]
        lines += [f"{key}: {said}".encode() for key, said in own.items() if key.lower() not in names]
        lines += [name.encode() + b": " + value for name in names]
        writer.write(b"\r\n".join([*lines, b"", content or b""]))
        try:
            async with asyncio.timeout(60):
                head, body = await _read(reader)
        finally:
            writer.close()
        kind = "application/json" if b"application/json" in head and body[:1] == b"{" and body[-1:] == b"}" else ""
        return int(head.split()[1]), body, {"content-type": kind}


async def _read(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """One answer's head and body; it may be one of a connection that stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    said = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return head, await reader.readexactly(int(said[1])) if said else await reader.read()


def _number(text: str) -> Any:
    if text not in NUMERIC:
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def _made_over(place: Place) -> bool:
    return ".".join(place.names).endswith(MADE_OVER)
