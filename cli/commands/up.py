"""`trawl up`: the engines and all processes, until Ctrl-C."""

from typing import TYPE_CHECKING, Annotated

import typer

from cli.options import Data, TlsCert, TlsKey

if TYPE_CHECKING:
    from cli.local import Standing

Host = Annotated[
    str | None,
    typer.Option(help="Where the gateway and the dashboards listen.", envvar="TRAWL_HOST", show_default="127.0.0.1"),
]
GatewayPort = Annotated[
    int | None, typer.Option("--port", min=0, max=65535, help="The gateway's port; 0: any.", show_default="8000")
]
DashboardsPort = Annotated[
    int | None, typer.Option(min=0, max=65535, help="The dashboards' port; 0: any.", show_default="5006")
]
MetricsPort = Annotated[
    int | None, typer.Option(min=0, max=65535, help="The metrics' port; 0: any.", show_default="9464")
]
KafkaPort = Annotated[int, typer.Option(min=0, max=65535, help="Kafka's port; 0: any.", envvar="TRAWL_KAFKA_PORT")]
Mirror = Annotated[
    str | None,
    typer.Option(
        help="A Maven repository for the broker's jars [default: the public one].",
        envvar="TRAWL_MIRROR",
        show_default=False,
    ),
]


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("up", epilog="Example: trawl up --data ~/crawls --port 8080")(up)


def up(
    data: Data = None,
    host: Host = None,
    port: GatewayPort = None,
    dashboards_port: DashboardsPort = None,
    metrics_port: MetricsPort = None,
    kafka_port: KafkaPort = 9092,
    fetchers: Annotated[int, typer.Option(min=1, max=32, help="How many fetchers.")] = 1,
    mirror: Mirror = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Start the engines and every process.

    Kafka, PostgreSQL and ClickHouse run from packages, in the data folder. Engines whose address is set (TRAWL_KAFKA,
    TRAWL_POSTGRES, TRAWL_CLICKHOUSE) are yours and not started. Ctrl-C drains and stops; a second one does not wait.
    What a crash left unfinished goes on at the next start.
    """
    import asyncio

    from cli.board import Board
    from cli.console import err
    from cli.local import Wishes, keep_up
    from cli.options import load

    settings = load(data, host=host, port=port, dashboards_port=dashboards_port, metrics_port=metrics_port,
                    mirror=mirror, tls_cert=tls_cert, tls_key=tls_key)  # fmt: skip

    async def until_told(standing: "Standing") -> None:
        announce(standing)
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            err().print("\nDraining: finishing what was begun; engines stop last. Ctrl-C again does not wait.")

    keep_up(
        settings,
        Wishes(command="trawl up", kafka_port=kafka_port, fetchers=fetchers),
        Board(err()),
        until_told,
    )
    err().print(f"Stopped. Everything is in {settings.data}.", markup=False)


def announce(standing: "Standing") -> None:
    """Where to look, the administrator's password at the one time when there is one, and what is not running."""
    from cli.console import err, out
    from cli.tables import aligned, safe

    rows = [
        (
            "gateway",
            standing.endpoints.get("public", standing.endpoints["gateway"]),
            "sign in here; its interface is at /docs",
        ),
        ("dashboards", standing.endpoints["dashboards"], "by way of the gateway"),
        ("metrics", standing.endpoints["metrics"], "Prometheus text"),
        ("Kafka", standing.endpoints["kafka"], "any client"),
        ("data", safe(str(standing.folder)), "all of it, secrets too"),
    ]
    out().print(aligned(rows))
    if standing.made.password:
        out().print(
            f"Administrator: [bold]admin[/bold], password [bold]{standing.made.password}[/bold]  (shown once, now)"
        )
    for name, why in standing.down.items():
        log = f"{standing.folder}/logs/{name}.log"
        err().print(f"[red]{safe(name)} is down[/red]: {safe(why)}. Its log: {safe(log)}")
