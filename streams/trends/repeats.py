"""The ids of the batches that a partition has seen lately: a batch that comes twice is observed once."""

from collections import OrderedDict
from uuid import UUID

REMEMBERED = 4096


class Repeats:
    """Bounded and part of the snapshot: 16 bytes an id. A repeat follows its twin within seconds (a crash between
    publishing and acknowledging), so a few thousand are plenty."""

    def __init__(self) -> None:
        self._ids: OrderedDict[bytes, None] = OrderedDict()

    def is_new(self, identity: str) -> bool:
        """False for a batch that was seen; remembers it otherwise."""
        try:
            short = UUID(identity).bytes
        except ValueError:
            short = identity.encode()[:16].ljust(16, b"\0")
        if short in self._ids:
            return False
        self._ids[short] = None
        if len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)
        return True

    def dump(self) -> bytes:
        """All ids, oldest first."""
        return b"".join(self._ids)

    @classmethod
    def load(cls, data: bytes) -> "Repeats":
        """What `dump` gave."""
        repeats = cls()
        for start in range(0, len(data) - len(data) % 16, 16):
            repeats._ids[data[start : start + 16]] = None
        return repeats
