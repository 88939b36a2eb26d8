"""The processes of the system by name: where each one's composition root is, and what it waits for."""

import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from infra.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Process:
    """One `trawl <name>`: the module that composes it and what must answer before it can work."""

    name: str
    module: str
    about: str
    needs: tuple[str, ...]


PROCESSES = (
    Process(
        name="gateway", module="api.main", about="REST, WebSocket and the sign-in form", needs=("postgres", "clickhouse", "kafka")
    ),
    Process(name="dispatch", module="producers.dispatch.main", about="hands out the frontier's URLs, closes runs", needs=("postgres", "kafka", "clickhouse")),
    Process(name="fetch", module="producers.fetch.main", about="visits pages", needs=("postgres", "kafka")),
    Process(name="intake", module="streams.intake.main", about="opens runs, seeds the frontier", needs=("postgres", "kafka")),
    Process(name="extraction", module="streams.extraction.main", about="turns pages into records and links", needs=("postgres", "kafka")),
    Process(name="cleaning", module="streams.cleaning.main", about="trims, types and checks records", needs=("kafka", "postgres")),
    Process(name="trends", module="streams.trends.main", about="watches each series", needs=("postgres", "kafka")),
    Process(name="warehouse", module="streams.warehouse.main", about="stores everything in ClickHouse", needs=("postgres", "kafka", "clickhouse")),
    Process(name="dashboards", module="dashboards.main", about="the live pages", needs=("clickhouse", "kafka", "gateway")),
)


def process(name: str) -> Process:
    """The declared process of that name."""
    return next(entry for entry in PROCESSES if entry.name == name)


def run(name: str, settings: "Settings") -> None:
    """Runs one process until it ends; only its own room is imported."""
    serve = import_module(process(name).module).serve
    outcome = serve(settings)
    if inspect.isawaitable(outcome):
        import asyncio

        asyncio.run(outcome)
