"""The trends that were found last."""

from bisect import insort

from dashboards.feed.series import SeriesName
from schemas.events import Trend
from schemas.moments import epoch


class TrendBook:
    """The newest `most` trends by the time of the record that set them off, each once."""

    def __init__(self, most: int = 200) -> None:
        self.most = most
        self._trends: list[Trend] = []
        self._ids: set[str] = set()
        self.version = 0

    def fold(self, trend: Trend) -> bool:
        """Takes a trend; False for one that is known, or older than all of a full book."""
        if trend.id in self._ids:
            return False
        insort(self._trends, trend, key=_moment)
        self._ids.add(trend.id)
        if len(self._trends) > self.most:
            oldest = self._trends.pop(0)
            self._ids.discard(oldest.id)
            if oldest is trend:
                return False
        self.version += 1
        return True

    def newest(self, limit: int) -> list[Trend]:
        """Newest first."""
        return self._trends[: -limit - 1 : -1]

    def of(self, name: SeriesName) -> list[Trend]:
        """Those of one series, oldest first."""
        return [trend for trend in self._trends if SeriesName.of(trend) == name]

    def get(self, trend_id: str) -> Trend | None:
        """One trend, if it is remembered."""
        return next((trend for trend in self._trends if trend.id == trend_id), None) if trend_id in self._ids else None

    def since(self, moment: float) -> int:
        """How many were found at or after an epoch second."""
        return sum(_moment(trend) >= moment for trend in self._trends)

    def __len__(self) -> int:
        return len(self._trends)


def _moment(trend: Trend) -> float:
    return epoch(trend.at) or 0.0
