"""What a transaction wants to be said, written down with what it changed."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """An event of the outbox, as the bytes that some transaction wrote."""

    id: int
    topic: str
    key: str
    value: bytes
