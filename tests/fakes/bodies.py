"""The blob store in memory."""

from dataclasses import dataclass, field


@dataclass
class MemoryBodies:
    """Gives what it was filled with."""

    kept: dict[str, bytes] = field(default_factory=dict)

    async def get(self, ref: str) -> bytes | None:
        return self.kept.get(ref)
