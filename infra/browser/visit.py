"""One page in one fresh context: loaded, waited for, read, and photographed if that is wished.

Trouble ends as a failure with a sentence; a page that is not ready in time is none.
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog

from infra.browser.document import Ended, MainDocument
from infra.browser.head import authority_of, cookies_of, failure_kind
from infra.browser.ports import Keep, Passage
from schemas.events.requests import RenderVisit
from schemas.exchange import (
    ExchangeFailure,
    ExchangeRequest,
    ExchangeResponse,
    ExchangeResult,
    ExchangeTimes,
    FailureKind,
)

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, CDPSession, Page

log = structlog.get_logger()

MAX_PICTURE = 4_000_000
"""Bytes of a PNG; a longer page is photographed as far as the window shows it."""

MAX_HEIGHT = 8000
"""Pixels of a page that are photographed."""

_READ = """(limit => {
  const root = document.documentElement, type = document.doctype;
  const markup = root ? root.outerHTML : '';
  if (markup.length > limit) return [null, 0];
  const before = type ? new XMLSerializer().serializeToString(type) + '\\n' : '';
  return [before + markup, Math.ceil(root ? root.scrollHeight : 0)];
})(%d)"""


class Unready(Exception):
    """The page came, but not as it can be given."""

    def __init__(self, kind: FailureKind, sentence: str) -> None:
        super().__init__(sentence)
        self.kind = kind


class Visit:
    """Loads `request.url` in `context`, whose way out is `passage`."""

    def __init__(
        self,
        context: "BrowserContext",
        request: ExchangeRequest,
        user_agent: str,
        passage: Passage,
        keep: Keep | None,
    ) -> None:
        self._context = context
        self._request = request
        self._wishes = request.render or RenderVisit()
        self._user_agent = user_agent
        self._passage = passage
        self._keep = keep
        self._began = time.perf_counter()
        self._stage = f"the page's {self._wishes.wait_until}"
        self._document: MainDocument | None = None
        self._closing: set[asyncio.Task[None]] = set()

    async def result(self) -> ExchangeResult:
        """What the exchange gives; it always gives something."""
        from playwright.async_api import Error

        try:
            async with asyncio.timeout(self._request.total_timeout):
                return await self._render()
        except TimeoutError:
            head = self._document.head if self._document else None
            limit = self._request.total_timeout
            if head is None:
                return self._failure("timeout", f"The exchange was not complete after {limit:g} s.")
            return self._failure("render_failed", f"The browser still waited for {self._stage} after {limit:g} s.")
        except Unready as problem:
            return self._failure(problem.kind, str(problem))
        except Error as problem:
            return self._trouble(problem.message)
        finally:
            if self._document is not None:
                self._document.close()

    async def _render(self) -> ExchangeResult:
        page, session, frame, document = await self._open()
        crash = asyncio.Event()
        page.on("crash", lambda _: crash.set())
        loading = asyncio.create_task(self._load(page, session, frame, document))
        crashed = asyncio.create_task(crash.wait())
        try:
            await asyncio.wait((loading, document.ended, crashed), return_when=asyncio.FIRST_COMPLETED)
            if document.ended.done():
                return self._early(document.ended.result(), document)
            if crashed.done():
                return self._failure("render_failed", "The page crashed in the browser; it may need too much memory.")
            return await loading
        finally:
            for task in (loading, crashed):
                task.cancel()
            await asyncio.gather(loading, crashed, return_exceptions=True)

    async def _open(self) -> tuple["Page", "CDPSession", str, MainDocument]:
        """An empty page that is watched before anything is loaded into it."""
        context, url = self._context, self._request.url
        cookies = cookies_of(self._request.headers)
        if cookies:
            # Out of reach of the page's scripts, and of those that it loads from elsewhere.
            await context.add_cookies(
                [{"name": name, "value": value, "url": url, "httpOnly": True} for name, value in cookies]
            )
        page = await context.new_page()
        context.on("page", self._close_soon)
        session = await context.new_cdp_session(page)
        frame: str = (await session.send("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        document = MainDocument(session, frame, self._request, self._user_agent, self._wishes.screenshot)
        self._document = document
        await document.watch()
        return page, session, frame, document

    async def _load(self, page: "Page", session: "CDPSession", frame: str, document: MainDocument) -> ExchangeResult:
        wishes, request = self._wishes, self._request
        await page.goto(request.url, wait_until=wishes.wait_until, timeout=0)
        if wishes.wait_for:
            self._stage = f"an element that matches {wishes.wait_for!r}"
            await page.wait_for_selector(f"css={wishes.wait_for}", state="attached", timeout=0)
        self._stage = "its content"
        body, height = await self._read(session, frame)
        picture = await self._photograph(page, height) if wishes.screenshot else ""
        if document.ended.done():
            return self._early(document.ended.result(), document)
        head = document.head
        if head is None:
            raise Unready("render_failed", "The browser showed a page that no response belongs to.")
        return ExchangeResponse(
            url=request.url,
            status=head.status,
            headers=head.as_rendered(),
            body=body,
            wire_size=self._passage.received,
            address=self._address(),
            times=self._times(head.first_byte_ms),
            http_version=_version(document.protocol),
            tls_version=document.tls_version and document.tls_version.replace("TLS ", "TLSv"),
            screenshot_ref=picture,
        )

    async def _read(self, session: "CDPSession", frame: str) -> tuple[bytes, int]:
        """The document as it is now, read from a world of our own that the page's scripts cannot reach."""
        world = await session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "trawl"})
        limit = self._request.max_body
        read = await session.send(
            "Runtime.evaluate",
            {"expression": _READ % limit, "contextId": world["executionContextId"], "returnByValue": True},
        )
        markup, height = read["result"]["value"]
        body = b"" if markup is None else markup.encode("utf-8", "replace")
        if markup is None or len(body) > limit:
            raise Unready("too_large", f"The rendered page is larger than {limit} bytes; that is the limit.")
        return body, height

    async def _photograph(self, page: "Page", height: int) -> str:
        """A picture that fails costs the picture and not the page."""
        self._stage = "its picture"
        try:
            clip: Any = {"x": 0, "y": 0, "width": 1280, "height": max(1, min(height, MAX_HEIGHT))}
            png = await page.screenshot(full_page=True, clip=clip, timeout=10_000)
            if len(png) > MAX_PICTURE:
                png = await page.screenshot(timeout=10_000)
            if len(png) <= MAX_PICTURE and self._keep is not None:
                return await self._keep(png)
            problem = f"It has {len(png)} bytes." if self._keep is not None else "There is no place for pictures."
        except Exception as error:
            problem = str(error)
        log.warning("screenshot_failed", url=self._request.url, error=problem)
        return ""

    def _close_soon(self, other: "Page") -> None:
        """Windows that a page opens are none of the visit."""
        task = asyncio.create_task(other.close())
        self._closing.add(task)
        task.add_done_callback(self._closed)

    def _closed(self, task: "asyncio.Task[None]") -> None:
        self._closing.discard(task)
        if not task.cancelled():
            task.exception()  # it may have closed by itself

    def _early(self, ended: Ended, document: MainDocument) -> ExchangeResult:
        refused = self._passage.refused.get(authority_of(self._request.url)) if document.head is None else None
        if refused is not None:
            return self._failure(refused.kind, refused.reason)
        head = ended.head
        if ended.kind is not None or head is None:
            return self._failure(ended.kind or "render_failed", str(ended), head.status if head else None)
        return ExchangeResponse(
            url=self._request.url,
            status=head.status,
            headers=head.headers,
            body=ended.body,
            wire_size=self._passage.received,
            address=self._address(),
            times=self._times(head.first_byte_ms),
            http_version=_version(document.protocol),
        )

    def _trouble(self, message: str) -> ExchangeFailure:
        refused = self._passage.refused.get(authority_of(self._request.url))
        if refused is not None:
            return self._failure(refused.kind, refused.reason)
        text = (message.strip().splitlines() or [""])[0]
        kind, name = failure_kind(text)
        if name:
            return self._failure(kind, f"The browser could not load the page ({name}).")
        if "selector" in text:
            return self._failure("render_failed", f"wait_for {self._wishes.wait_for!r} is no CSS selector.")
        return self._failure("render_failed", f"The browser gave the page up: {text[:300]}")

    def _failure(self, kind: FailureKind, reason: str, status: int | None = None) -> ExchangeFailure:
        head = self._document.head if self._document else None
        return ExchangeFailure(
            self._request.url,
            kind,
            reason,
            self._elapsed(),
            status if status is not None else head.status if head else None,
            self._address(),
        )

    def _elapsed(self) -> float:
        return (time.perf_counter() - self._began) * 1000

    def _times(self, first_byte: float) -> ExchangeTimes:
        how = self._passage.reached.get(authority_of(self._request.url))
        return ExchangeTimes(
            total=self._elapsed(),
            first_byte=first_byte,
            dns=how.dns_ms if how else None,
            connect=how.connect_ms if how else None,
        )

    def _address(self) -> str:
        how = self._passage.reached.get(authority_of(self._request.url))
        return how.address if how else ""


def _version(protocol: str) -> str:
    return {"h2": "HTTP/2", "http/1.1": "HTTP/1.1", "http/1.0": "HTTP/1.0"}.get(protocol, "")
