"""The options that several commands share, said once."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from infra.settings import Settings

Data = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="TRAWL_DATA", help="Data folder [default: trawl under the XDG data home].", show_default=False
    ),
]
Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="TRAWL_URL",
        help="A gateway elsewhere [default: the one of the data folder].",
        show_default=False,
    ),
]
TlsCert = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, resolve_path=True, envvar="TRAWL_TLS_CERT", show_default=False,
        help="A certificate and its chain, PEM: the gateway and the dashboards speak TLS alone then.",
    ),
]  # fmt: skip
TlsKey = Annotated[
    Path | None,
    typer.Option(
        exists=True, dir_okay=False, resolve_path=True, envvar="TRAWL_TLS_KEY", show_default=False,
        help="Its key, PEM, without a password.",
    ),
]  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def load(data: Path | None = None, **given: object) -> "Settings":
    """The settings of the environment with what the command line said on top; None means: not said."""
    from infra.settings import Settings

    said = {name: value for name, value in given.items() if value is not None}
    if data is not None:
        said["data"] = data.expanduser().resolve()
    return Settings(**said)  # type: ignore[arg-type]  # typer has checked them, pydantic does again
