"""Which events have been counted already, as far as memory reaches."""

from collections import OrderedDict


class Seen:
    """The last `most` ids. Kafka may tell an event twice; within this reach it counts once."""

    __slots__ = ("_ids", "_most")

    def __init__(self, most: int = 20_000) -> None:
        self._most = most
        self._ids: OrderedDict[str, None] = OrderedDict()

    def first_time(self, event_id: str) -> bool:
        """True once for each id."""
        if event_id in self._ids:
            return False
        self._ids[event_id] = None
        if len(self._ids) > self._most:
            self._ids.popitem(last=False)
        return True
