"""`python -m infra.local.clickhouse_front`: the process that `trawl up` starts."""

import argparse
from pathlib import Path

import uvicorn

from infra.local.clickhouse_front.app import Account, Front
from infra.local.clickhouse_front.engine import Bounds, Engine
from infra.local.ports import LOOPBACK
from infra.local.private_files import replace_file

DRAIN_S = 25
# In all 3 GiB, and small caches and pools: one user's machine.
_CONFIG = """<clickhouse>
  <max_server_memory_usage>3221225472</max_server_memory_usage>
  <mark_cache_size>67108864</mark_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>4</background_schedule_pool_size>
</clickhouse>
"""


def main() -> None:
    """Runs until SIGTERM; then finishes what runs and stops the engine."""
    parser = argparse.ArgumentParser(description="ClickHouse's HTTP interface over chdb.")
    parser.add_argument("--folder", type=Path, required=True, help="the engine's data folder")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", default=LOOPBACK)
    parser.add_argument("--user", required=True)
    parser.add_argument("--password-file", type=Path, required=True)
    parser.add_argument("--database", required=True, help="made if it is not there")
    options = parser.parse_args()
    replace_file(options.folder / "config.xml", _CONFIG)
    account = Account(options.user, options.password_file.read_text())
    front = Front(Engine(options.folder, Bounds()), account, options.database)
    uvicorn.run(
        front.app(),
        host=options.host,
        port=options.port,
        access_log=False,
        server_header=False,
        log_level="warning",
        timeout_graceful_shutdown=DRAIN_S,
        backlog=256,
    )


if __name__ == "__main__":
    main()
