"""`trawl gateway`, `trawl fetch` …: one process alone, against engines that run elsewhere."""

from collections.abc import Callable

import typer

from cli.options import Data, TlsCert, TlsKey
from cli.processes import PROCESSES, Process


def register(app: typer.Typer) -> None:
    """One command for each declared process."""
    for process in PROCESSES:
        app.command(
            process.name,
            help=f"Alone: {process.about}.",
            epilog=f"Example: TRAWL_KAFKA=kafka:9092 TRAWL_POSTGRES=… trawl {process.name}",
            rich_help_panel="Processes, one at a time",
        )(_command(process))


def _command(process: Process) -> Callable[..., None]:
    if process.name == "gateway":
        return _gateway

    def command(data: Data = None) -> None:
        from cli.options import load
        from cli.processes import run
        from cli.readiness import witnessed

        with witnessed():
            run(process.name, load(data))

    return command


def _gateway(data: Data = None, tls_cert: TlsCert = None, tls_key: TlsKey = None) -> None:
    from cli.options import load
    from cli.processes import run
    from cli.readiness import witnessed

    with witnessed():
        run("gateway", load(data, tls_cert=tls_cert, tls_key=tls_key))
