"""A worker that gets stuck as it is told: `python stuck_program.py waits|holds|patient`. Four seconds are long
here: a machine that is busy with something else stands still for one or two."""

import asyncio
import re
import sys
import time
from collections.abc import Sequence

from infra.errors import StoreUnavailable
from infra.kafka import watch as watching
from infra.kafka.pump import Pump
from infra.patience import patiently
from schemas.delivery import Delivery, Handled
from schemas.message import Message
from schemas.topics import SCRAPE_REQUESTS
from tests.fakes.warehouse import MemorySuspects, NoMeter
from tests.unit.pump.line import Outlet, request

LONG_S = 4.0


class Stuck:
    """Its store is away for longer than it may be stuck; or nothing ever comes back; or nobody else gets a turn."""

    def __init__(self, how: str) -> None:
        self._how = how
        self._asked = 0

    async def _store(self) -> None:
        self._asked += 1
        if self._asked % 4:
            raise StoreUnavailable("away")

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        match self._how:
            case "waits":
                await asyncio.Event().wait()
            case "holds":
                re.match("(a+)+$", "a" * 64 + "b")
            case _:
                began = time.monotonic()
                while time.monotonic() - began < 2 * LONG_S:
                    await patiently(self._store, "ask a store that comes and goes")
        return Handled()


async def main(how: str) -> None:
    watching.STUCK_AFTER_S, watching.EVERY_S = LONG_S, 0.05
    pump, stopping = Pump("stuck", Stuck(how), Outlet(), MemorySuspects(), NoMeter()), asyncio.Event()
    watching.watch("stuck", stopping, watching.stuck(pump.stuck_s))
    await pump.step([Message(SCRAPE_REQUESTS, 0, 0, None, request("a"))], time.monotonic())
    await asyncio.sleep(1.5 * LONG_S)  # between two steps nobody is stuck
    stopping.set()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
