"""A worker of the lossless loops, to be killed: `python worker_program.py faust|plain NAME TAG FOLDER`.

It reads `uploads`, minds only the uploads whose dataset is TAG, and makes a batch of each. What a record tells it to
do, it does: `die`, `raise`, `hold` (until the file FOLDER/go is there). What it begins with is written to FOLDER/begun.
"""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from infra.kafka.faust_loop import FaustLoop
from infra.kafka.plain_loop import PlainLoop
from infra.kafka.publisher import Publisher
from infra.kafka.pump import Pump
from infra.metrics import StageMeter
from infra.postgres.pool import Database
from infra.postgres.snapshots import Suspects
from schemas.delivery import Delivery, Handled, Settled
from schemas.events import RecordBatch, Upload
from schemas.ids import digest
from schemas.topics import UPLOADS


class Obedient:
    """A stage that does what its records say."""

    def __init__(self, tag: str, folder: Path) -> None:
        self._tag = tag
        self._folder = folder
        self._begun = os.open(folder / "begun", os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        handled = Handled()
        for delivery in batch:
            upload: Upload | None = delivery.event
            if upload is not None and upload.dataset == self._tag:
                await self._obey(upload)
                handled.outputs.append(
                    RecordBatch(id=digest(upload.id), dataset=self._tag, run_id="", job_id="", url=upload.id, url_fp="",
                                fetch_id="", fetched_at="")
                )  # fmt: skip
        return handled

    async def _obey(self, upload: Upload) -> None:
        os.write(self._begun, f"{upload.id}\n".encode())
        for record in upload.records:
            match record.get("do"):
                case "die":
                    os._exit(9)
                case "raise":
                    raise ValueError("as I was told")
                case "hold":
                    while not (self._folder / "go").exists():  # noqa: ASYNC110 - it can only be asked
                        await asyncio.sleep(0.02)


class Forgetful(Obedient):
    """The same with a memory that it writes down when nothing comes: until then nothing is settled."""

    def __init__(self, tag: str, folder: Path) -> None:
        super().__init__(tag, folder)
        self._seen: dict[tuple[str, int], int] = {}
        self._saved: dict[tuple[str, int], int] = {}

    async def assigned(self, topic: str, partitions: set[int]) -> None:
        self._seen.clear()
        self._saved.clear()

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        handled = await super().handle(batch)
        for delivery in batch:
            self._seen[delivery.message.topic, delivery.message.partition] = delivery.message.offset + 1
        return handled

    async def settle(self, *, idle: bool) -> Settled:
        if idle:
            self._saved = dict(self._seen)
        return self._saved


async def main(kind: str, name: str, tag: str, folder: Path) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    brokers, stopping = os.environ["TRAWL_KAFKA"], asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    async with contextlib.AsyncExitStack() as stack:
        database = await stack.enter_async_context(Database(os.environ["TRAWL_POSTGRES"]))
        publisher = await stack.enter_async_context(Publisher(brokers, name))
        stage = Forgetful(tag, folder) if kind == "faust-memory" else Obedient(tag, folder)
        pump = Pump(name, stage, publisher, Suspects(database, name), StageMeter(name, UPLOADS))
        loop: FaustLoop | PlainLoop
        if kind == "plain":
            loop = PlainLoop(pump, brokers=brokers, topics=[UPLOADS], batch=8, every=0.0)
        else:
            loop = FaustLoop(pump, brokers=brokers, topic=UPLOADS, folder=folder / "faust", batch=8)
        await loop.run(stopping, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4])))
