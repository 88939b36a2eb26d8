"""How much there is: the shapes in which the stores tell it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """`jobs` by the state of their newest run (`created` for none), `exports` files by state; pages and records are
    those of all runs; sizes are bytes."""

    jobs: Mapping[str, int]
    runs: int
    pages_requested: int
    pages_fetched: int
    pages_failed: int
    pages_filtered: int
    records_extracted: int
    records_stored: int
    records_rejected: int
    exports: Mapping[str, int]
    export_bytes: int
    downloads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTable:
    """A table of the warehouse: its rows, and its bytes on disk."""

    table: str
    rows: int
    bytes: int
