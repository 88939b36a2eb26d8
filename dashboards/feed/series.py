"""The last values of the series that moved last."""

from collections import OrderedDict, deque
from typing import NamedTuple

from dashboards.feed.moments import epoch
from schemas.events import CleanBatch, Trend


class SeriesName(NamedTuple):
    """What a series is: dataset + record key + field."""

    dataset: str
    record_key: str
    field: str

    @classmethod
    def of(cls, trend: Trend) -> "SeriesName":
        """The series in which a trend was found."""
        return cls(trend.dataset, trend.record_key, trend.field)


class SeriesBook:
    """(epoch seconds, value) of at most `most` series, at most `values` each; a store knows what came before."""

    def __init__(self, most: int = 2000, values: int = 120) -> None:
        self._most = most
        self._values = values
        self._series: OrderedDict[SeriesName, deque[tuple[float, float]]] = OrderedDict()

    def fold(self, batch: CleanBatch) -> None:
        """Takes the numeric fields of a batch's records."""
        at = epoch(batch.fetched_at)
        if at is None or not batch.numeric:
            return
        for record in batch.records:
            for name in batch.numeric:
                value = record.data.get(name)
                if isinstance(value, int | float) and not isinstance(value, bool):
                    self._append(SeriesName(batch.dataset, record.key, name), at, float(value))

    def values(self, name: SeriesName) -> list[tuple[float, float]]:
        """What is remembered of a series, oldest first."""
        return sorted(self._series.get(name, ()))

    def __len__(self) -> int:
        return len(self._series)

    def _append(self, name: SeriesName, at: float, value: float) -> None:
        ring = self._series.get(name)
        if ring is None:
            ring = self._series[name] = deque(maxlen=self._values)
            if len(self._series) > self._most:
                self._series.popitem(last=False)
        else:
            self._series.move_to_end(name)
        ring.append((at, value))
