"""Pages read in real child processes: cut off in time, replaced when they die, and never left behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
import pytest_asyncio

from demo.pages import render
from schemas.events import FetchResult
from schemas.job import JobDescription
from schemas.pinned import PinnedRun
from streams.extraction.children.child import Limits
from streams.extraction.children.pool import Children
from streams.extraction.children.wire import packed_run, unpacked_run
from streams.extraction.contents import Contents, read_contents
from streams.extraction.errors import ExtractionError, UnreadableError
from streams.extraction.reading import Reader
from tests.unit.extraction.pages import fetched

SITE = "http://shop.example"
SIBLINGS = "<p>x</p>" * 50_000
PLAIN = fetched("<p>a page</p>")
DAMAGED = msgspec.structs.replace(PLAIN, body=b"no zstandard")
pytestmark = pytest.mark.asyncio(loop_scope="module")
needs_proc = pytest.mark.skipif(not Path("/proc/self/limits").exists(), reason="reads /proc")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def children() -> AsyncIterator[Children]:
    async with Children() as pool:
        yield pool


@pytest_asyncio.fixture(loop_scope="module")
async def patient() -> AsyncIterator[Children]:
    """For what is large and not endless: how long it takes says nothing here."""
    async with Children(Limits(processor=120, clock=240)) as pool:
        yield pool


def reader(**job: Any) -> Reader:
    description = JobDescription.model_validate({"url": SITE + "/", **job})
    return Reader.of(PinnedRun(id=uuid4().hex, job_id="j", dataset="d", description=description))


def slow() -> Reader:
    return reader(extract={"fields": {"text": {"css": "p ~ p", "type": "list"}}})


def told(visit: FetchResult, by: Reader) -> Contents:
    """As it is read here; what travels is a list."""
    contents = read_contents(visit, by)
    return replace(contents, links=list(contents.links))


def pids_of(children: Children) -> list[int]:
    """The children that there are, idle or not."""
    return [child.pid for child in children._begun if not child.is_over]


def _ends(pids: list[int]) -> bool:
    """Whether they all end within half a minute."""
    deadline = time.monotonic() + 30
    while not all(map(_is_gone, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def _is_gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize(
    "field",
    [{"css": "p ~ p", "type": "list"}, {"xpath": "//*[count(//*) > 1]"}],
    ids=["siblings", "count"],
)
async def test_a_page_is_cut_off_after_two_seconds_and_the_next_one_is_read(
    children: Children, field: dict[str, str]
) -> None:
    by, ticks = reader(extract={"fields": {"text": field}}), 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.02)
            ticks += 1

    await children.read(PLAIN, reader())
    ticking = asyncio.create_task(tick())
    begun = time.monotonic()
    with pytest.raises(UnreadableError) as problem:
        await children.read(fetched(SIBLINGS), by)
    took = time.monotonic() - begun
    ticking.cancel()
    assert problem.value.outcome == "extract_failed"
    assert "longer than 2 s on this page; select by tags, classes and attributes" in str(problem.value)
    assert 1.9 < took < 60, "half a minute by the clock where others use the processor too, and what the machine adds"
    assert ticks > 20, "the event loop goes on"
    assert await children.read(PLAIN, by) == told(PLAIN, by)


async def test_a_child_that_is_killed_is_replaced_and_its_page_read_again(children: Children) -> None:
    expected = await children.read(PLAIN, by := reader())
    stopped = pids_of(children)
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    reading = asyncio.create_task(children.read(PLAIN, by))
    await asyncio.sleep(0.05)
    assert not reading.done()
    for pid in stopped:
        os.kill(pid, signal.SIGKILL)
    assert await reading == expected
    assert pids_of(children) and not set(stopped) & set(pids_of(children))


async def test_a_page_that_ends_its_child_twice_is_an_outcome(children: Children) -> None:
    await children.read(PLAIN, reader())
    reading = asyncio.create_task(children.read(fetched(SIBLINGS), slow()))
    while not reading.done():
        for pid in pids_of(children):
            with suppress(ProcessLookupError):  # it is gone, which the pool has not heard yet
                os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.01)
    with pytest.raises(UnreadableError, match="ended its process twice") as problem:
        await reading
    assert problem.value.outcome == "extract_failed"
    assert (await children.read(PLAIN, reader())).batches


async def test_idle_children_that_were_killed_are_nobodys_fault(children: Children) -> None:
    by = reader()
    await asyncio.gather(children.read(PLAIN, by), children.read(PLAIN, by))
    before = pids_of(children)
    assert len(before) == 2
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    assert (await children.read(PLAIN, by)).batches
    assert not set(before) & set(pids_of(children))


async def test_a_page_is_read_the_same_here_and_there(patient: Children) -> None:
    jobs: list[dict[str, Any]] = [
        {"options": {"max_depth": 3, "freshness": True, "deny": ["/brand"]}},
        {"extract": {"fields": {"sku": "dd.sku::text", "price": {"css": ".offer .price", "type": "price"}}}},
        {"extract": {"items": "a", "fields": {"text": "::text", "to": {"css": "a", "type": "url"}}}},
    ]
    pages = sorted(render(7).items())[::25]
    assert len(pages) > 40
    for job in jobs:
        by = reader(**job)
        for path, page in pages:
            visit = fetched(page.body, url=SITE + path)
            assert await patient.read(visit, by) == told(visit, by)
    source = fetched("<urlset><url><loc>/a</loc></url></urlset>", "text/xml", kind="sitemap")
    assert await patient.read(source, by) == told(source, by)
    large = fetched(f"<a>{'x' * 3_000_000}</a>")
    assert (await patient.read(large, by)).oversized == read_contents(large, by).oversized != []


async def test_a_run_arrives_as_it_was_sent() -> None:
    description = JobDescription.model_validate({"url": "http://shop.example/", "trends": {"memory": True}})
    sent = PinnedRun(id="r", job_id="j", dataset="d", description=description, revision=3, whole_run="before")
    assert unpacked_run(packed_run(sent)) == sent


async def test_what_is_wrong_with_a_page_is_said_as_if_it_were_read_here(children: Children) -> None:
    by = reader(extract={"items": "p", "fields": {"text": {"xpath": "string(.)"}}})
    for visit in (fetched(b"x", "image/png"), DAMAGED, fetched("nothing", "text/xml")):
        with pytest.raises(ExtractionError) as here:
            read_contents(visit, by)
        with pytest.raises(UnreadableError) as there:
            await children.read(visit, by)
        assert str(there.value) == str(here.value)
        assert there.value.outcome == getattr(here.value, "outcome", "extract_failed")


async def test_a_page_that_takes_too_much_memory_is_an_outcome() -> None:
    async with Children(Limits(processor=20, clock=60, memory=200_000_000)) as children:
        by = reader()
        for large in (fetched(f"<a>{'<b/>' * 1_500_000}</a>", "text/xml"), fetched("<p>" * 1_500_000)):
            with pytest.raises(UnreadableError, match=r"takes more memory|ended its process twice") as problem:
                await children.read(large, by)
            assert problem.value.outcome == "extract_failed"
        assert await children.read(PLAIN, by) == told(PLAIN, by)


@needs_proc
async def test_a_child_knows_nothing_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRAWL_POSTGRES", "postgresql://trawl:secret@db/trawl")
    with socket.socket() as connection:
        connection.set_inheritable(True)
        connection.bind(("127.0.0.1", 0))
        async with Children() as children:
            await children.read(PLAIN, reader())
            (pid,) = pids_of(children)
            sockets, environment, limits = _surroundings(pid)
            assert len(sockets) == 1 and f"{os.fstat(connection.fileno()).st_ino}" not in sockets[0]
            assert b"PATH=" in environment and b"secret" not in environment
            assert any(line.split()[:4] == ["Max", "data", "size", "2147483648"] for line in limits.splitlines())
    assert _ends([pid])


def _surroundings(pid: int) -> tuple[list[str], bytes, str]:
    """Its sockets, its environment, its limits."""
    proc = Path(f"/proc/{pid}")
    names = [os.readlink(entry) for entry in (proc / "fd").iterdir()]
    sockets = [name for name in names if name.startswith("socket:")]
    return sockets, (proc / "environ").read_bytes(), (proc / "limits").read_text()


_PARENT = """
import asyncio, sys
from streams.extraction.children.child import Limits
from streams.extraction.children.pool import Children
from tests.unit.extraction.test_children import PLAIN, SIBLINGS, fetched, pids_of, reader, slow

async def main():
    async with Children(Limits(processor=60, clock=60)) as children:
        await asyncio.gather(children.read(PLAIN, reader()), children.read(PLAIN, reader()))
        busy = asyncio.create_task(children.read(fetched(SIBLINGS), slow()))
        await asyncio.sleep(0.1)
        print(*pids_of(children), children._nursery[0].pid, flush=True)
        await busy

asyncio.run(main())
"""


def _killed_parent() -> list[int]:
    """The processes of one that was killed while it read a page: two children and their nursery."""
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", _PARENT], cwd=root, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert len(pids) == 3 and not any(map(_is_gone, pids))
        parent.kill()
    return pids


@needs_proc
async def test_children_do_not_outlive_their_parent() -> None:
    assert _ends(_killed_parent())
