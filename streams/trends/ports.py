"""What the trends stage needs: a place for its memory, and a word about the log that it remembers."""

from collections.abc import Sequence
from typing import Protocol


class Memory(Protocol):
    """Snapshots of partitions in PostgreSQL, fenced by the partition's epoch. Outages are waited out."""

    async def take(self, topic: str, partition: int) -> tuple[int, int, list[tuple[int, bytes]]]:
        """The next epoch; the offset after the last message that the memory has seen; its blocks."""
        ...

    async def write(
        self, topic: str, partition: int, epoch: int, next_offset: int, blocks: Sequence[tuple[int, bytes]]
    ) -> None:
        """Changed blocks and the new offset in one transaction; raises when a newer owner has taken over."""
        ...


class LogBounds(Protocol):
    """What a partition holds at this moment."""

    async def bounds(self, topic: str, partition: int) -> tuple[int, int]:
        """The first offset that is still there, and the one after the last."""
        ...


class SeriesMeter(Protocol):
    """Counts what is remembered."""

    def seen(self, known: int, retired: int, forgotten: int) -> None:
        """So many series are known at the moment, so many more were retired, and so many more record keys forgotten."""
        ...
