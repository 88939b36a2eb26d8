"""One running browser: playwright's driver and the chromium that it started, and how both surely end."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self

import psutil
import structlog

from infra.browser.errors import BrowserGone, NoBrowser, NotStarted
from infra.browser.flags import FLAGS, INSTALL, UNWANTED, environment, executable

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Playwright

log = structlog.get_logger()

START_S = 60.0
END_S = 5.0


class Engine:
    """A browser that has been started. `gone` is set when it has ended, by itself or by `kill`."""

    def __init__(self, driver: "Playwright", browser: "Browser", processes: list[psutil.Process]) -> None:
        self._driver = driver
        self._browser = browser
        self._processes = processes
        self.gone = asyncio.Event()
        self.served = 0
        self.active = 0
        browser.on("disconnected", lambda _: self.gone.set())

    @classmethod
    async def start(cls, proxy: str, program: str | None, flags: Sequence[str] = ()) -> Self:
        """Starts chromium so that its only way out is the proxy at `proxy` (host:port). Raises NoBrowser or
        NotStarted."""
        try:
            from playwright.async_api import Error, async_playwright
        except ImportError as problem:
            raise NoBrowser(f"No browser is installed where this fetcher runs: {INSTALL}.") from problem
        path = executable(program)
        try:
            async with asyncio.timeout(START_S):
                driver = await async_playwright().start()
                try:
                    browser = await driver.chromium.launch(
                        executable_path=path,
                        # The kernel's isolation of renderers, which root cannot have.
                        chromium_sandbox=os.geteuid() != 0,
                        args=[*FLAGS, *flags],
                        ignore_default_args=UNWANTED,
                        proxy={"server": f"http://{proxy}", "bypass": "<-loopback>"},
                        env=dict(environment()),
                        handle_sigint=False,
                        handle_sigterm=False,
                        handle_sighup=False,
                    )
                    return cls(driver, browser, await _processes(browser))
                except BaseException:
                    await driver.stop()
                    raise
        except (Error, TimeoutError, OSError) as problem:
            lines = str(problem).strip().splitlines()
            reason = lines[0] if lines else "it took too long"
            raise NotStarted(f"The browser {path} does not start: {reason}") from problem

    async def context(self, user_agent: str, proxy: str, user: str, secret: str) -> "BrowserContext":
        """A fresh profile that shares nothing with others, and whose passage is its own. Raises BrowserGone."""
        from playwright.async_api import Error

        try:
            async with asyncio.timeout(START_S):
                return await self._browser.new_context(
                    user_agent=user_agent,
                    proxy={"server": f"http://{proxy}", "bypass": "<-loopback>", "username": user, "password": secret},
                    accept_downloads=False,
                    service_workers="block",
                    permissions=[],
                    viewport={"width": 1280, "height": 800},
                )
        except (Error, TimeoutError) as problem:
            self.kill(f"It opened no page: {problem or 'too slow'}")
            raise BrowserGone("The browser ended before it opened the page.") from problem

    def memory(self) -> int:
        """Bytes that the browser and all its processes hold; what they share is counted once for each."""
        total = 0
        for process in self._processes[:1]:
            with suppress(psutil.Error):
                for one in (process, *process.children(recursive=True)):
                    with suppress(psutil.Error):
                        total += one.memory_info().rss
        return total

    def kill(self, why: str) -> None:
        """Ends a browser that no longer listens, at once, with every page in it."""
        if not self.gone.is_set():
            log.warning("browser_killed", reason=why)
        self.gone.set()
        for process in self._processes[:1]:
            with suppress(psutil.Error):
                for one in (*process.children(recursive=True), process):
                    with suppress(psutil.Error):
                        one.kill()

    async def close(self) -> None:
        """Ends it politely, or by force when that takes too long."""
        try:
            async with asyncio.timeout(END_S):
                await self._browser.close()
        except Exception as problem:
            self.kill(f"It did not close: {problem or 'too slow'}")
        self.gone.set()
        try:
            async with asyncio.timeout(END_S):
                await self._driver.stop()
        except Exception as problem:
            log.warning("browser_driver_killed", error=str(problem))
            for process in reversed(self._processes):
                with suppress(psutil.Error):
                    process.kill()


async def _processes(browser: "Browser") -> list[psutil.Process]:
    """The browser's main process, and the driver that is its parent."""
    session = await browser.new_browser_cdp_session()
    listed = await session.send("SystemInfo.getProcessInfo")
    await session.detach()
    number = next(one["id"] for one in listed["processInfo"] if one["type"] == "browser")
    main = psutil.Process(number)
    parent = main.parent()
    return [main] if parent is None or parent.pid == os.getpid() else [main, parent]
