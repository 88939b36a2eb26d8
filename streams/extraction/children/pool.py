"""Pages read in child processes, few at a time."""

import asyncio
import contextlib
import os
import socket
import sys
from types import TracebackType

import structlog

from schemas.events import FetchResult
from streams.extraction.children.child import OF_A_PAGE, OF_A_SOURCE, Child, ChildDiedError, Limits, TooLongError
from streams.extraction.children.wire import Failed, Order, Read, Refused, Reply, WhichRun, key_of, packed_run
from streams.extraction.contents import Contents
from streams.extraction.errors import UnreadableError
from streams.extraction.reading import Reader

log = structlog.get_logger()

CHILDREN = 2
"""Pages read at once; each child has a processor to itself at most."""

_BEGINS_WITHIN_S = 30.0
_PAUSES_S = (0.1, 0.5, 2.0)
# A child reads what strangers wrote: nothing of the surroundings is its business but how to find its program.
_KNOWN = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "TZ", "TMPDIR")


class ReadingFailedError(Exception):
    """A mistake in the program that a page brought to light; the page is for the dead letters."""


class Children:
    """Reads pages elsewhere. Nothing is started before the first page comes.

    A page that takes longer than `limits` says (a source: OF_A_SOURCE) is ended with its child. A child that ends by
    itself, or by somebody else's hand, is replaced, and its page read once more: it may have been innocent.
    """

    def __init__(self, limits: Limits = OF_A_PAGE, most: int = CHILDREN) -> None:
        self._limits = limits
        self._places = asyncio.Semaphore(most)
        self._idle: list[Child] = []
        self._begun: set[Child] = set()
        self._nursery: tuple[asyncio.subprocess.Process, socket.socket] | None = None
        self._starting = asyncio.Lock()

    async def __aenter__(self) -> "Children":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in list(self._begun):
            self._end(child)
        await self._end_nursery()

    async def read(self, result: FetchResult, reader: Reader) -> Contents:
        """As `read_contents`, and with its errors. Raises UnreadableError too for what was cut off, and
        ReadingFailedError. Waits out that no process can be started."""
        async with self._places:
            for fresh in (False, True):
                child = await self._child(fresh)
                try:
                    return _contents(await self._asked(child, result, reader))
                except TooLongError:
                    raise UnreadableError("extract_failed", _took_too_long(result, reader, self._limits)) from None
                except ChildDiedError as problem:
                    log.warning("child_died", url=result.url[:500], error=str(problem), again=not fresh)
        raise UnreadableError(
            "extract_failed",
            "Reading this page ended its process twice, by a crash or for want of memory; select less of the page by"
            " simpler rules, or leave such pages out by the job's deny.",
        )

    async def _asked(self, child: Child, result: FetchResult, reader: Reader) -> Reply:
        key, limits = key_of(reader.run), self._limits if result.kind == "page" else OF_A_SOURCE
        try:
            reply = await child.ask(Order(key, result), limits)
            if isinstance(reply, WhichRun):
                reply = await child.ask(Order(key, result, packed_run(reader.run)), limits)
        except BaseException:
            self._end(child)
            raise
        self._idle.append(child)
        return reply

    async def _child(self, fresh: bool) -> Child:
        while self._idle and not fresh:
            child = self._idle.pop()
            if not child.is_over:
                return child
            self._end(child)
        for attempt in range(sys.maxsize):
            try:
                async with self._starting, asyncio.timeout(_BEGINS_WITHIN_S):
                    child = await self._fork()
                self._begun.add(child)
                return child
            except (ChildDiedError, OSError) as problem:
                log.warning("no_child", error=repr(problem))
                await self._end_nursery()
                await asyncio.sleep(_PAUSES_S[min(attempt, len(_PAUSES_S) - 1)])
        raise AssertionError

    async def _fork(self) -> Child:
        if self._nursery is None or self._nursery[0].returncode is not None:
            self._nursery = await _nursery(self._limits.memory)
        own, other = socket.socketpair()
        try:
            with other:
                socket.send_fds(self._nursery[1], [b"1"], [other.fileno()])
            reader, writer = await asyncio.open_unix_connection(sock=own)
        except BaseException:
            own.close()
            raise
        try:
            return await Child.greeted(reader, writer)
        except BaseException:
            writer.close()
            raise

    def _end(self, child: Child) -> None:
        self._begun.discard(child)
        child.end()

    async def _end_nursery(self) -> None:
        if self._nursery is None:
            return
        process, control = self._nursery
        self._nursery = None
        control.close()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _took_too_long(result: FetchResult, reader: Reader, limits: Limits) -> str:
    if result.kind != "page":
        return (
            f"This sitemap or feed took longer than {OF_A_SOURCE.processor:g} s to read; give the job a smaller one, or"
            " the addresses of its pages."
        )
    seconds = f"{limits.processor:g} s"
    if reader.rules is None:
        return (
            f"Reading this page took longer than {seconds}; give the job rules that select what is wanted of it, or"
            " leave such pages out by its deny."
        )
    return (
        f"Its rules took longer than {seconds} on this page; select by tags, classes and attributes, without ~, +,"
        " :nth-child, following:: or count() over many elements and without nested repeats in patterns."
    )


def _contents(reply: Reply) -> Contents:
    if isinstance(reply, Read):
        return reply.contents
    if isinstance(reply, Refused):
        raise UnreadableError(reply.outcome, reply.sentence)
    raise ReadingFailedError(reply.error if isinstance(reply, Failed) else "The child does not know the run.")


async def _nursery(memory: int) -> tuple[asyncio.subprocess.Process, socket.socket]:
    """The process that forks, and the socket on which it is told to."""
    own, other = socket.socketpair()
    try:
        with other:
            words = [str(number) for number in (other.fileno(), os.getpid(), memory)]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "streams.extraction.children.nursery", *words,
                pass_fds=(other.fileno(),),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env={name: os.environ[name] for name in _KNOWN if name in os.environ},
            )  # fmt: skip
    except BaseException:
        own.close()
        raise
    return process, own
