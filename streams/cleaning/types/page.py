"""Where and when a record was found: all that a value may depend on besides itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """`url` is what relative addresses stand for, `fetched_at` (RFC 3339, or empty) what relative dates count from."""

    url: str = ""
    fetched_at: str = ""
