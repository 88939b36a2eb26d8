"""What ClickHouse is asked, read from files of named statements."""

from functools import cache
from importlib.resources import files

from infra.postgres.sql import Queries


@cache
def queries(room: str) -> Queries:
    """The statements of `infra/clickhouse/queries/<room>.sql`."""
    return Queries(room, files("infra.clickhouse").joinpath("queries", f"{room}.sql").read_text())
