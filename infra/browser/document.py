"""Watches over the main document: asked for once, as the job says, and never led elsewhere by the browser itself.

Chromium's DevTools protocol pauses each document twice (domain Fetch), before it is asked for and when its head is
there. A redirect, an error page and whatever is no HTML are passed on as they came, as without a browser; a script
that sends the page elsewhere has made a redirect. So the next address is a URL of its own: scope, robots.txt and the
host's lease are asked about it.
"""

import asyncio
import base64
import time
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from infra.browser.head import MainHead, failure_kind, sent_headers
from schemas.exchange import ExchangeRequest, FailureKind

if TYPE_CHECKING:
    from playwright.async_api import CDPSession

_READ = 262_144
MOVED = 302
"""The status of a redirect that a script made."""


class Ended(Exception):
    """The visit is over before there is a page to render: with what came, or with a failure."""

    def __init__(self, kind: FailureKind | None, text: str, head: MainHead | None, body: bytes = b"") -> None:
        super().__init__(text)
        self.kind = kind
        self.head = head
        self.body = body


class MainDocument:
    """One for a visit. `ended` is resolved when the visit is over early; `head` is the response being rendered."""

    def __init__(
        self, session: "CDPSession", frame: str, request: ExchangeRequest, user_agent: str, pictures: bool
    ) -> None:
        self._session = session
        self._frame = frame
        self._request = request
        self._user_agent = user_agent
        self._pictures = pictures
        self._cookies: list[tuple[str, str]] = []
        self._asked_at: float | None = None
        self._loading = ""
        self._size = 0
        self._work: set[asyncio.Task[None]] = set()
        self.head: MainHead | None = None
        self.protocol = ""
        self.tls_version: str | None = None
        self.ended: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()

    async def watch(self) -> None:
        """From here on nothing of the page is loaded unseen."""
        session = self._session
        session.on("Fetch.requestPaused", lambda event: self._begin(self._paused(event)))
        session.on("Network.responseReceived", self._received)
        session.on("Network.responseReceivedExtraInfo", self._bare)
        session.on("Network.dataReceived", self._more)
        session.on("Network.loadingFailed", self._failed)
        await session.send("Network.enable")
        # Playwright makes up hints of a system that fits no crawler; without them the name is all that is said.
        await session.send("Emulation.setUserAgentOverride", {"userAgent": self._user_agent})
        unseen = ("Media", "Other") if self._pictures else ("Media", "Image", "Font", "Other")
        await session.send(
            "Fetch.enable",
            {
                "patterns": [
                    {"urlPattern": "*", "resourceType": "Document", "requestStage": "Request"},
                    {"urlPattern": "*", "resourceType": "Document", "requestStage": "Response"},
                    *({"urlPattern": "*", "resourceType": kind, "requestStage": "Request"} for kind in unseen),
                ]
            },
        )

    def close(self) -> None:
        """Nothing more is answered."""
        for task in self._work:
            task.cancel()

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._work.discard(task)
        if not task.cancelled():
            task.exception()  # the page has gone meanwhile: the visit itself learns that, too

    async def _paused(self, event: dict[str, Any]) -> None:
        number = event["requestId"]
        if event["resourceType"] != "Document":
            await self._session.send("Fetch.failRequest", {"requestId": number, "errorReason": "BlockedByClient"})
        elif event["frameId"] != self._frame:
            await self._session.send("Fetch.continueRequest", {"requestId": number})
        elif "responseErrorReason" in event or "responseStatusCode" in event:
            await self._answered(number, event)
        else:
            await self._ask(number, event)

    async def _ask(self, number: str, event: dict[str, Any]) -> None:
        if self._asked_at is not None:
            await self._elsewhere(number, event["request"])
            return
        self._asked_at = time.perf_counter()
        self._loading = event.get("networkId", "")
        request = self._request
        asked: dict[str, Any] = {
            "requestId": number,
            "method": request.method,
            "headers": sent_headers(event["request"]["headers"], request.headers),
        }
        if request.body:
            asked["postData"] = base64.b64encode(request.body).decode()
        await self._session.send("Fetch.continueRequest", asked)

    async def _elsewhere(self, number: str, request: dict[str, Any]) -> None:
        """A script, or a refresh in the markup, leads away from the page."""
        await self._session.send("Fetch.failRequest", {"requestId": number, "errorReason": "Aborted"})
        if self.head is not None and request["method"] == "GET":
            kept = [(name, value) for name, value in self.head.headers if name.lower() != "location"]
            moved = MainHead(MOVED, [*kept, ("location", request["url"])], self.head.first_byte_ms)
            self._end(Ended(None, "The page leads elsewhere by script.", moved))

    async def _answered(self, number: str, event: dict[str, Any]) -> None:
        if "responseErrorReason" in event:
            await self._session.send("Fetch.continueRequest", {"requestId": number})
            return
        waited = time.perf_counter() - (self._asked_at or time.perf_counter())
        # Cookies that the site sets are kept from whoever pauses a request, and told apart (`_bare`).
        shown = [(field["name"], field["value"]) for field in event.get("responseHeaders", ())]
        headers = [*(pair for pair in shown if pair[0].lower() != "set-cookie"), *self._cookies]
        head = MainHead(event["responseStatusCode"], headers, waited * 1000)
        if reason := head.unwanted(self._request.content_types):
            self._end(Ended("bad_content_type", reason, head))
            return
        if head.rendered:
            self.head = head
            await self._session.send("Fetch.continueRequest", {"requestId": number})
            return
        body: bytes | None = b""
        if not (300 <= head.status < 400 and head.value("location")):
            body = await self._body(number)
        if body is None:
            limit = self._request.max_body
            self._end(Ended("too_large", f"The body is larger than {limit} bytes; that is the limit.", head))
        else:
            self._end(Ended(None, "", head, body))
        await self._session.send("Fetch.failRequest", {"requestId": number, "errorReason": "Aborted"})

    async def _body(self, number: str) -> bytes | None:
        """The whole body; None if it is larger than the limit."""
        stream = (await self._session.send("Fetch.takeResponseBodyAsStream", {"requestId": number}))["stream"]
        pieces, size = [], 0
        while True:
            read = await self._session.send("IO.read", {"handle": stream, "size": _READ})
            data = read.get("data", "")
            piece = base64.b64decode(data) if read.get("base64Encoded") else data.encode()
            size += len(piece)
            if size > self._request.max_body:
                return None
            pieces.append(piece)
            if read["eof"]:
                return b"".join(pieces)

    def _received(self, event: dict[str, Any]) -> None:
        if event["requestId"] == self._loading:
            response = event["response"]
            self.protocol = response.get("protocol", "")
            self.tls_version = response.get("securityDetails", {}).get("protocol")

    def _bare(self, event: dict[str, Any]) -> None:
        if event["requestId"] == self._loading:
            given = ((name, value) for name, value in event["headers"].items() if name.lower() == "set-cookie")
            self._cookies = [("set-cookie", one) for _, value in given for one in value.split("\n")]

    def _more(self, event: dict[str, Any]) -> None:
        if event["requestId"] != self._loading:
            return
        self._size += event["dataLength"]
        if self._size > self._request.max_body:
            limit = self._request.max_body
            self._end(Ended("too_large", f"The body is larger than {limit} bytes; that is the limit.", self.head))

    def _failed(self, event: dict[str, Any]) -> None:
        """The main document broke off: what the browser shows of it is not the page."""
        if event["requestId"] == self._loading and self.head is not None and not event.get("canceled"):
            kind, name = failure_kind(event["errorText"])
            self._end(Ended(kind, f"The page broke off while the browser received it ({name}).", self.head))

    def _end(self, how: Ended) -> None:
        if not self.ended.done():
            self.ended.set_result(how)
