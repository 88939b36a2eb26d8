"""The processes of the system by name: where each one's composition root is, and how `up` starts it."""

import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.local.plan import ProcessSpec
    from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Process:
    """One `trawl <name>`: the module that composes it, and what it does in a few words."""

    name: str
    module: str
    about: str


PROCESSES = (
    Process(name="gateway", module="api.main", about="REST, WebSocket and the sign-in page"),
    Process(name="scheduler", module="producers.schedule.main", about="starts jobs whose time has come"),
    Process(name="dispatch", module="producers.dispatch.main", about="hands out the frontier's URLs and closes runs"),
    Process(name="fetch", module="producers.fetch.main", about="visits pages"),
    Process(name="intake", module="streams.intake.main", about="opens runs and seeds the frontier"),
    Process(name="extraction", module="streams.extraction.main", about="turns pages into records and links"),
    Process(name="uploads", module="streams.uploads.main", about="takes records from outside"),
    Process(name="cleaning", module="streams.cleaning.main", about="trims, types and checks records"),
    Process(name="trends", module="streams.trends.main", about="watches each series"),
    Process(name="warehouse", module="streams.warehouse.main", about="stores what passes in ClickHouse"),
    Process(name="notifications", module="streams.notifications.main", about="sends mail and webhooks"),
    Process(name="exporter", module="api.exporter.main", about="makes files of runs"),
    Process(name="dashboards", module="dashboards.main", about="the live pages"),
)


def process(name: str) -> Process:
    """The declared process of that name."""
    return next(entry for entry in PROCESSES if entry.name == name)


def run(name: str, settings: "Settings") -> None:
    """Runs one process until it ends; only its own room is imported."""
    import asyncio

    from infra.kafka.connections import survive_uvloop

    survive_uvloop()
    # Every process waits on many sockets at once: on uvloop a fetcher's visit costs a third less.
    with asyncio.Runner(loop_factory=import_module("uvloop").new_event_loop) as runner:
        runner.run(import_module(process(name).module).serve(settings))


def specifications(fetchers: int = 1) -> list["ProcessSpec"]:
    """What `up` starts. None waits for another: each waits for what it needs by itself, and so they start side by side.

    Their logs are for finding out what happened: there a traceback is wanted.
    """
    from infra.local.plan import ProcessSpec

    return [
        ProcessSpec(
            name=entry.name,
            argv=(sys.executable, "-m", "cli", entry.name),
            count=fetchers if entry.name == "fetch" else 1,
            environ={"TRAWL_DEBUG": "1", "PYTHONUNBUFFERED": "1"},
        )
        for entry in PROCESSES
    ]
