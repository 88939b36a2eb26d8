"""One child as its parent sees it: a page goes out, a reply comes back in time, or the child is ended."""

import asyncio
import contextlib
import os
import signal
import time
from dataclasses import dataclass

import msgspec
import psutil

from streams.extraction.children.wire import HEAD, MAX_FRAME, PID, Order, Reply, Told, decode_told, encode_order, framed


class ChildDiedError(Exception):
    """The child ended before it had answered, and not by its parent's hand."""


class TooLongError(Exception):
    """The page took longer than it may; the child was killed."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that one reading may take, of the processor, and by the clock where others use it too; and bytes of
    memory that a child may have. What a page ends as is final, so the clock's bound is far from the processor's: a
    machine that is busy with other things makes no page a failure."""

    processor: float
    clock: float
    memory: int = 2 * 1024**3


OF_A_PAGE = Limits(2.0, 30.0)
OF_A_SOURCE = Limits(10.0, 60.0)
"""A sitemap of 50,000 long addresses takes 2.5 s; there are no rules in it that could be at fault."""

PATIENT = Limits(6.0, 60.0)
"""For a page that was read in time in another life of the worker."""


class Child:
    """A child that is reading, or waits to."""

    def __init__(self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.pid = pid
        self._reader = reader
        self._writer = writer
        self._used = 0.0

    @classmethod
    async def greeted(cls, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "Child":
        """The child that is at the other end, once it says so. Raises ChildDiedError."""
        try:
            return cls(int.from_bytes(await reader.readexactly(PID), "big"), reader, writer)
        except (asyncio.IncompleteReadError, OSError) as problem:
            raise ChildDiedError("It did not begin.") from problem

    @property
    def is_over(self) -> bool:
        """Whether it is known to have ended."""
        return self._reader.at_eof() or self._reader.exception() is not None

    async def ask(self, order: Order, limits: Limits) -> Reply:
        """Its reply. Raises TooLongError and ChildDiedError; it is of no use after either, nor after a cancellation."""
        exchange = asyncio.create_task(self._exchange(framed(encode_order(order))))
        try:
            await self._watched(exchange, limits)
            told = exchange.result()
        except (asyncio.IncompleteReadError, OSError, msgspec.MsgspecError) as problem:
            raise ChildDiedError(repr(problem)) from problem
        finally:
            exchange.cancel()
        self._used = told.cpu
        return told.reply

    def end(self) -> None:
        """Kills it, whatever it does."""
        if not self.is_over:
            # While its end of the socket is open it lives, so that the id is its own.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        self._writer.close()

    async def _watched(self, exchange: "asyncio.Task[Told]", limits: Limits) -> None:
        """Waits until it is done. A child that has to share the processor gets the time that it did not have."""
        deadline = time.monotonic() + limits.clock
        left = limits.processor
        while not (await asyncio.wait({exchange}, timeout=left))[0]:
            left = min(limits.processor - self._used_now(), deadline - time.monotonic())
            if left <= 0:
                raise TooLongError
            left = max(left, 0.02)  # the clock of processor time has ticks

    def _used_now(self) -> float:
        try:
            times = psutil.Process(self.pid).cpu_times()
        except psutil.Error:
            return 0.0  # it is gone, which the socket will say
        return float(times.user + times.system) - self._used

    async def _exchange(self, order: bytes) -> Told:
        self._writer.write(order)
        await self._writer.drain()
        size = int.from_bytes(await self._reader.readexactly(HEAD), "big")
        if size > MAX_FRAME:
            raise ConnectionError(f"a reply of {size} bytes")
        told: Told = decode_told(await self._reader.readexactly(size))
        return told
