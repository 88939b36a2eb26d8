"""When no new work is given out: what is under way would have nowhere to go."""

from typing import Protocol

LEAST_FREE = 1_000_000_000
"""Bytes that the disk of the data folder must have left; Kafka and ClickHouse do not survive a full one well."""


class Room(Protocol):
    """How much the engines can still write."""

    def free_bytes(self) -> int | None:
        """Bytes left on their disk; None where that is not ours to know (servers elsewhere)."""
        ...


class Brake:
    """Looked at once a round."""

    def __init__(self, room: Room) -> None:
        self._room = room

    def reason(self) -> str:
        """Why nothing may be given out; empty when it may."""
        free = self._room.free_bytes()
        if free is None or free >= LEAST_FREE:
            return ""
        return f"Only {free // 1_000_000} MB are left on the data folder's disk; crawls go on when there is 1 GB again."
