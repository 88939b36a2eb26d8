"""Which events have been stored lately: what drops a repeat that Kafka delivers under a new offset."""

from collections import OrderedDict
from collections.abc import Iterable


class Known:
    """A bounded set of ids that forgets the oldest. 200,000 ids are some 30 MB and, at 150 events a second, 20
    minutes: a repeat follows a crash within seconds."""

    def __init__(self, limit: int = 200_000) -> None:
        self._limit = limit
        self._ids: OrderedDict[str, None] = OrderedDict()

    def __contains__(self, identity: str) -> bool:
        return identity in self._ids

    def add(self, identities: Iterable[str]) -> None:
        """Remembers them as the newest."""
        for identity in identities:
            self._ids[identity] = None
            self._ids.move_to_end(identity)
        while len(self._ids) > self._limit:
            self._ids.popitem(last=False)
