"""What PostgreSQL is asked, read from files of named statements."""

from collections.abc import Mapping
from functools import cache

from infra.named_sql import statements


@cache
def queries(room: str) -> Mapping[str, bytes]:
    """The statements of `infra/postgres/queries/<room>.sql`, as bytes: the driver takes them for text that no user
    wrote."""
    return {name: statement.encode() for name, statement in statements("postgres", room).items()}
