"""What ClickHouse is asked, read from files of named statements."""

from collections.abc import Mapping
from functools import cache

from infra.named_sql import statements


@cache
def queries(room: str) -> Mapping[str, str]:
    """The statements of `infra/clickhouse/queries/<room>.sql`."""
    return statements("clickhouse", room)
