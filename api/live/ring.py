"""What passed lately: so that a listener who was away for a moment asks nobody but us."""

import time
from collections import deque
from collections.abc import Callable

from api.live.cursors import Positions
from api.live.frames import Parcel
from api.ports.live import Place


class Ring:
    """The parcels of the last `seconds`, at most `limit` bytes of them, by run and by topic.

    `begins` says for each place from which offset on nothing is missing here."""

    def __init__(self, seconds: float, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._limit = limit
        self._clock = clock
        self._order: deque[tuple[float, Parcel]] = deque()
        self._by_key: dict[str, deque[Parcel]] = {}
        self._size = 0
        self.begins: dict[Place, int] = {}

    def add(self, parcel: Parcel) -> None:
        """Keeps a parcel, and lets go of what is too old or too much."""
        self._order.append((self._clock(), parcel))
        for key in (parcel.run_id, parcel.topic):
            self._by_key.setdefault(key, deque()).append(parcel)
        self._size += parcel.size
        self.trim()

    def since(self, key: str, at: Positions) -> list[Parcel]:
        """The parcels of a run or topic that lie at or beyond a position, in the order in which they came."""
        return [parcel for parcel in self._by_key.get(key, ()) if parcel.offset >= at.get(parcel.place)]

    def cut(self, place: Place, offset: int) -> None:
        """What lies before this offset of a place does not join what comes."""
        self.begins[place] = max(offset, self.begins.get(place, 0))

    def forget(self, topic: str, at: Positions) -> None:
        """Nothing that passed of a topic joins what comes from `at` on: it is another one now, or lost its end."""
        left = [(added, parcel) for added, parcel in self._order if parcel.topic != topic]
        self._order.clear()
        self._by_key.clear()
        self._size = 0
        for place in at.places():
            if place[0] == topic:
                self.begins[place] = at.get(place)
        for added, parcel in left:
            self._order.append((added, parcel))
            self._size += parcel.size
            for key in (parcel.run_id, parcel.topic):
                self._by_key.setdefault(key, deque()).append(parcel)

    def trim(self) -> None:
        """Lets go of what is too old or too much."""
        oldest = self._clock() - self._seconds
        while self._order and (self._size > self._limit or self._order[0][0] < oldest):
            _, parcel = self._order.popleft()
            self._size -= parcel.size
            self.cut(parcel.place, parcel.offset + 1)
            for key in (parcel.run_id, parcel.topic):
                of_key = self._by_key[key]
                of_key.popleft()
                if not of_key:
                    del self._by_key[key]
