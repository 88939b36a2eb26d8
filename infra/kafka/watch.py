"""Workers that are alive and get nowhere: seen from outside their event loop, and ended.

A supervisor sees only that a process lives. Ended without clean-up, a stuck one leaves its marks behind, and the next
worker finds the message over which it got stuck (see `killers.py`).
"""

import asyncio
import contextlib
import faulthandler
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import NoReturn

import structlog

log = structlog.get_logger()

STUCK_AFTER_S = 120.0
"""A step that has not got on for so long will not: twice what makes a worker stale, and as long as Kafka waits."""

EVERY_S = 3.0

Complaint = Callable[[], str]
"""Says what is wrong, or nothing."""


def watch(name: str, stopping: asyncio.Event, *complaints: Complaint) -> None:
    """Starts a thread that ends the process when there is a complaint; it sees to it until `stopping` is set.

    Code that never lets go of the interpreter (one endless call into C) keeps threads from running too. So the thread
    winds up a timer of `faulthandler`, which needs no interpreter, again and again: when the thread is kept from that
    for STUCK_AFTER_S, the timer prints where every thread stands and ends the process.
    """
    threading.Thread(target=_watch, args=(name, stopping, complaints), daemon=True, name=f"watch {name}").start()


def end_process(name: str, problem: BaseException) -> NoReturn:
    """Ends the process at once, without the clean-up that would commit what was not finished."""
    log.critical("stage_ended", stage=name, error=repr(problem), exc_info=problem)
    os._exit(70)


def _watch(name: str, stopping: asyncio.Event, complaints: tuple[Complaint, ...]) -> None:
    while not stopping.is_set():
        _wind_up()
        time.sleep(EVERY_S)
        for complaint in complaints:
            said = complaint()
            if said and not stopping.is_set():
                end_process(name, RuntimeError(said))
    faulthandler.cancel_dump_traceback_later()


def _wind_up() -> None:
    if sys.__stderr__ is not None:
        with contextlib.suppress(OSError, ValueError):  # it is closed, or no file
            faulthandler.dump_traceback_later(STUCK_AFTER_S, exit=True, file=sys.__stderr__)


def stuck(asked: Callable[[float], float]) -> Complaint:
    """The complaint about a pump: `asked` is its `stuck_s`."""

    def complaint() -> str:
        seconds = asked(time.monotonic())
        return f"a step has not got on for {seconds:.0f} s" if seconds > STUCK_AFTER_S else ""

    return complaint
