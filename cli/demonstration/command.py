"""Puts the demonstration together: the shop, a Trawl that may visit it alone, and what people see."""

import asyncio
import secrets
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from cli.board import Board
from cli.commands.up import announce
from cli.console import err, out
from cli.demonstration.demonstration import demonstrate
from cli.demonstration.outcome import Outcome
from cli.demonstration.show import Show
from cli.demonstration.site import Site, serving
from cli.invitation import invitation
from cli.local import Standing, Wishes, keep_up
from cli.options import load
from cli.place import demo_folder
from infra.local.ports import free_port, is_free
from infra.local.postgres_home import home_elsewhere

SHOP_PORT = 8090
KAFKA_PORT = 9092


def temporary_folder() -> Path:
    """A folder for one demonstration; made by `up`, which knows which rights its parents need."""
    return Path(tempfile.gettempdir()) / f"trawl-demo-{secrets.token_hex(4)}"


def remove(folder: Path) -> None:
    """Deletes a data folder, and PostgreSQL's where that had to live elsewhere."""
    elsewhere = home_elsewhere(folder)
    for place in (folder, elsewhere):
        if place is not None:
            shutil.rmtree(place, ignore_errors=True)


_LIMITS = '{"jobs": {"limit": 300}}'
"""The demo starts a job twice a second for a minute, which is more than the sixty that an account may ask by itself."""


def preferred(port: int) -> int:
    """The port that people know, if it is free, else any: a newcomer's first command should not end at a taken port."""
    return port if is_free(port) else free_port()


def run(data: Path | None, seed: int | None, *, once: bool) -> Outcome | None:
    """Shows everything; None when a signal came first. Unless `once`, stays up until one comes."""
    configured = load(data or demo_folder())
    ports = dict.fromkeys(("port", "dashboards_port", "metrics_port"), 0)
    if not once:
        ports = {name: preferred(getattr(configured, name)) for name in ports}
    number = free_port(avoid=ports.values()) if once else preferred(SHOP_PORT)
    allow = f"127.0.0.1:{number}"
    settings = load(configured.data, fetch_allow=(allow,), **ports)
    wishes = Wishes(
        command="trawl demo",
        kafka_port=0 if once else preferred(KAFKA_PORT),
        environ={"TRAWL_FETCH_ALLOW": allow, "TRAWL_TREND_SENSITIVITY": "few", "TRAWL_RATE_LIMITS": _LIMITS},
        addresses={"shop": f"http://{allow}"},
    )
    board = Board(err())

    async def body(standing: Standing) -> Outcome:
        async with AsyncExitStack() as stack:
            standing.folder.joinpath("run").mkdir(exist_ok=True)
            site = await stack.enter_async_context(serving(number, seed, standing.folder / "run" / "shop-hits.jsonl"))
            await _invite(standing, site)
            outcome = await demonstrate(standing, site, Show(err()))
            Show(out()).tell(outcome)
            if not once:
                await _stay(standing, site)
            return outcome

    return keep_up(settings, wishes, board, body)


async def _invite(standing: Standing, site: Site) -> None:
    announce(standing)
    out().print(f"The shop: {site.url}", soft_wrap=True)
    out().print(
        f"Watch it live (signs you in, once): {await invitation(standing.settings, standing.endpoints)}", soft_wrap=True
    )


async def _stay(standing: Standing, site: Site) -> None:
    link = await invitation(standing.settings, standing.endpoints)
    out().print(f"\nStaying up until Ctrl-C. The shop is at {site.url}; to sign in again, once: {link}", soft_wrap=True)
    out().print('In another terminal: eval "$(trawl env)", then the examples of the README.')
    await asyncio.get_running_loop().create_future()
