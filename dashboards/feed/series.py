"""The last values of the series that moved last."""

from collections import OrderedDict, deque
from typing import NamedTuple

from schemas.errors import CodecError
from schemas.events import Trend
from schemas.heads import BatchHead
from schemas.moments import epoch


class SeriesName(NamedTuple):
    """What a series is: dataset + record key + field."""

    dataset: str
    record_key: str
    field: str

    @classmethod
    def of(cls, trend: Trend) -> "SeriesName":
        """The series in which a trend was found."""
        return cls(trend.dataset, trend.record_key, trend.field)


Values = list[tuple[float, float]]


class SeriesBook:
    """(epoch seconds, value) of the series that somebody looks at, out of the last `limit` bytes of batches; a store
    knows what came before. What nobody looks at is kept as it came: to open each record would be most of the feed's
    work."""

    def __init__(self, limit: int = 16_000_000, values: int = 120, most: int = 64) -> None:
        """Of a series `values` values at most are told; of `most` series it is known how far they were read."""
        self._limit = limit
        self._values = values
        self._most = most
        self._kept: dict[str, deque[tuple[int, float, BatchHead]]] = {}
        self._order: deque[tuple[str, int]] = deque()
        self._size = 0
        self._number = 0
        self._looked_at: OrderedDict[SeriesName, tuple[int, Values]] = OrderedDict()

    def fold(self, batch: BatchHead) -> None:
        """Keeps a batch that has numbers."""
        at = epoch(batch.fetched_at)
        if at is None or not batch.numeric:
            return
        self._number += 1
        self._kept.setdefault(batch.dataset, deque()).append((self._number, at, batch))
        self._order.append((batch.dataset, sum(map(len, batch.records))))
        self._size += self._order[-1][1]
        while self._size > self._limit:
            dataset, size = self._order.popleft()
            self._size -= size
            self._kept[dataset].popleft()
            if not self._kept[dataset]:
                del self._kept[dataset]

    def values(self, name: SeriesName) -> Values:
        """The values of a series that came last, oldest first."""
        read, found = self._looked_at.pop(name, (0, []))
        kept = self._kept.get(name.dataset, ())
        new = [(number, at, batch) for number, at, batch in kept if number > read]
        for _, at, batch in new:
            if name.field in batch.numeric:
                found += [(at, value) for value in _values(batch, name)]
        found = found[-self._values :]
        self._looked_at[name] = (new[-1][0] if new else read, found)
        if len(self._looked_at) > self._most:
            self._looked_at.popitem(last=False)
        return sorted(found)

    def __len__(self) -> int:
        """How many batches are kept."""
        return len(self._order)


def _values(batch: BatchHead, name: SeriesName) -> list[float]:
    try:
        values = [record.data.get(name.field) for record in batch.opened() if record.key == name.record_key]
    except CodecError:
        return []
    return [float(value) for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
