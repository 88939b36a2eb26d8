"""The bundled shop as a process of its own: scraped like any site, over HTTP, it knows nothing of who does it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson

from cli.errors import CliError

_START_WITHIN = 30.0
_STOP_WITHIN = 10.0


@dataclass(frozen=True, slots=True)
class Site:
    """The shop, listening at `url` (`http://host:port`); `pages` can be reached by links from its home page."""

    url: str
    pages: int

    @property
    def host(self) -> str:
        """host:port, as the address guard's allow-list names it."""
        return urlsplit(self.url).netloc

    async def truth(self) -> dict[str, Any]:
        """What the site knows of itself: products, planted events, visits of the deals page so far."""
        async with httpx.AsyncClient(timeout=30, trust_env=False) as client:
            answer = await client.get(f"{self.url}/__truth")
            answer.raise_for_status()
            return dict(answer.json())


@asynccontextmanager
async def serving(port: int, seed: int | None, log: Path) -> AsyncIterator[Site]:
    """Serves the shop while the block runs; port 0 takes a free one. CliError with its own words when it cannot."""
    command = [sys.executable, "-m", "demo", "--port", str(port), "--log", str(log)]
    if seed is not None:
        command += ["--seed", str(seed)]
    # A session of its own: Ctrl-C is for the demonstration, which then stops the site last.
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True, env=_environ()
    )
    try:
        yield await _announced(process)
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP_WITHIN)
        except TimeoutError:
            process.kill()
            await process.wait()


def _environ() -> dict[str, str]:
    """The site's surroundings: where the code is, whatever the working folder."""
    root = str(Path(__file__).resolve().parents[2])
    path = os.environ.get("PYTHONPATH")
    return os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{path}" if path else root}


async def _announced(process: asyncio.subprocess.Process) -> Site:
    assert process.stdout and process.stderr
    try:
        line = await asyncio.wait_for(process.stdout.readline(), _START_WITHIN)
    except TimeoutError:
        raise CliError(f"The demo shop did not start within {_START_WITHIN:g} s.") from None
    if not line:
        said = (await process.stderr.read()).decode("utf-8", "replace").strip()
        raise CliError(f"The demo shop did not start. {said[-500:]}")
    told = orjson.loads(line)
    return Site(str(told["url"]).rstrip("/"), int(told["pages"]))
