"""The engines of one `trawl up`: which are started, where they listen, and their start side by side."""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from infra.local.clickhouse import ClickHouse
from infra.local.engine import Engine
from infra.local.errors import EngineFailed
from infra.local.kafka import Kafka
from infra.local.keeper import Event, State, Unit
from infra.local.plan import Endpoints, UpSettings
from infra.local.ports import Port, remembered_port, require_free
from infra.local.postgres import Postgres
from infra.local.supervisor import Supervisor


@dataclass(frozen=True)
class Engines:
    """The engines to start; None for one that is yours."""

    kafka: Kafka | None
    postgres: Postgres | None
    clickhouse: ClickHouse | None

    def __iter__(self) -> Iterator[Engine]:
        for engine in (self.kafka, self.postgres, self.clickhouse):
            if engine:
                yield engine


def choose(settings: UpSettings, progress: Callable[[int, int], None]) -> Engines:
    """The engines whose address is not given. Raises PortTaken when a port that people know is in use."""
    folder, ports = settings.folder, settings.folder.path / "ports.json"
    kafka = None
    if settings.kafka is None:
        if settings.kafka_port:
            require_free(Port(settings.kafka_port, "Kafka", "TRAWL_KAFKA_PORT"))
        kafka = Kafka(
            folder.path / "kafka",
            settings.cache,
            settings.kafka_port or remembered_port(ports, "kafka"),
            remembered_port(ports, "kafka-controller"),
            settings.mirror,
            progress,
            settings.environ,
        )
    return Engines(
        kafka,
        Postgres(folder, remembered_port(ports, "postgres")) if settings.postgres is None else None,
        ClickHouse(folder, remembered_port(ports, "clickhouse")) if settings.clickhouse is None else None,
    )


def endpoints(settings: UpSettings, engines: Engines) -> Endpoints:
    """Where the engines listen, ours and yours."""
    postgres = engines.postgres
    return Endpoints(
        kafka=engines.kafka.address if engines.kafka else settings.kafka or "",
        postgres=postgres.url if postgres else settings.postgres or "",
        postgres_owner=postgres.owner_url if postgres else settings.postgres_owner or settings.postgres or "",
        clickhouse=engines.clickhouse.url if engines.clickhouse else settings.clickhouse or "",
        others=settings.addresses,
    )


async def start(engines: Iterable[Engine], supervisor: Supervisor, tell: Callable[[Event], None]) -> None:
    """Prepares and starts them side by side. Raises the first error; the others are then no longer waited for."""

    async def start_one(engine: Engine) -> None:
        tell(Event(engine.name, State.WAITING, "being prepared"))
        await engine.prepare()
        supervisor.start(Unit(engine.name, engine.command, ready=engine.ready, is_engine=True))
        for keeper in await supervisor.settled([engine.name]):
            raise EngineFailed(
                f"{engine.name} did not come up: {keeper.why}. Its log: {supervisor.log_of(engine.name)}"
            )

    try:
        async with asyncio.TaskGroup() as group:
            for engine in engines:
                group.create_task(start_one(engine))
    except BaseExceptionGroup as problems:
        raise problems.exceptions[0] from None
