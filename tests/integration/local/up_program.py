"""`trawl up` in miniature, run as a program by the tests: python up_program.py FOLDER [PORT [DOOR]].

Prints one JSON line for each event, and {"up": …} when all is ready. Its one process counts up in a file.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from infra.local.errors import LocalError
from infra.local.folder import DataFolder
from infra.local.jars import cache_folder
from infra.local.keeper import Event
from infra.local.plan import Endpoints, ProcessSpec, UpSettings
from infra.local.ports import Port
from infra.local.up import Up, run

WORKER = """
import os, signal, sys, threading
from infra import notify
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
assert os.environ["TRAWL_KAFKA"] and os.environ["TRAWL_DATA"] and "TRAWL_POSTGRES_OWNER" not in os.environ
notify.ready()
stop.wait()
"""


class Printer:
    def happened(self, event: Event) -> None:
        say({"name": event.name, "state": event.state, "text": event.text})

    def fetching(self, done: int, total: int) -> None:
        pass


def say(what: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


async def provision(endpoints: Endpoints) -> None:
    say({"provision": endpoints.kafka})


async def stay(up: Up) -> None:
    say({"up": up.endpoints.document(), "status": up.status()})
    await asyncio.get_running_loop().create_future()


def main(folder: str, kafka_port: str = "0", door: str = "0") -> int:
    settings = UpSettings(
        DataFolder(Path(folder)),
        cache_folder(os.environ),
        command="up_program",
        kafka_port=int(kafka_port),
        doors=(Port(int(door), "the gateway", "TRAWL_PORT"),) if door != "0" else (),
        addresses={"gateway": "http://127.0.0.1:8000"},
    )
    workers = [ProcessSpec("worker", (sys.executable, "-c", WORKER), count=2)]
    try:
        asyncio.run(run(Up(settings, provision, workers, Printer()), stay))
    except LocalError as error:
        say({"error": str(error)})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
