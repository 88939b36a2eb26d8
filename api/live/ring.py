"""What passed lately: so that nothing is missed between what is stored and what is still to come."""

import time
from collections import deque
from collections.abc import Callable

from api.live.frames import Parcel


class Ring:
    """The parcels of the last `seconds`, at most `limit` bytes of them, by run."""

    def __init__(self, seconds: float, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._limit = limit
        self._clock = clock
        self._order: deque[tuple[float, int, Parcel]] = deque()
        self._by_run: dict[str, deque[Parcel]] = {}
        self._size = 0

    def add(self, parcel: Parcel) -> None:
        """Keeps a parcel, and lets go of what is too old or too much."""
        size = parcel.size
        self._order.append((self._clock(), size, parcel))
        self._by_run.setdefault(parcel.run_id, deque()).append(parcel)
        self._size += size
        self._trim()

    def of_run(self, run_id: str) -> list[Parcel]:
        """The parcels of a run that are still here, oldest first."""
        self._trim()
        return list(self._by_run.get(run_id, ()))

    def _trim(self) -> None:
        oldest = self._clock() - self._seconds
        while self._order and (self._size > self._limit or self._order[0][0] < oldest):
            _, size, parcel = self._order.popleft()
            self._size -= size
            of_run = self._by_run[parcel.run_id]
            of_run.popleft()
            if not of_run:
                del self._by_run[parcel.run_id]
