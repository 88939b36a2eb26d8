"""What is inserted into the warehouse: rows that are written already, for one table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table in one of ClickHouse's formats, and how many."""

    table: str
    body: bytes
    count: int
    format: str = "JSONEachRow"
