"""From an alarm to what a person is told. Pure: the same alarm always makes the same event."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import Literal

from schemas.ids import digest
from streams.trends.observations import Alarm
from streams.trends.sentence import describe

Kind = Literal["spike", "shift"]
Direction = Literal["up", "down"]

_POINT_CHANNELS = (1, 4)
_CHANNELS = 6
_LARGEST_CHANGE = 1e9


@dataclass(frozen=True, slots=True)
class TrendContent:
    """The content of a Trend event, field by field (see `schemas.events.Trend`)."""

    id: str
    dataset: str
    run_id: str
    record_key: str
    field: str
    series: str
    kind: Kind
    direction: Direction
    score: float
    confidence: float
    before: float
    after: float
    change: float
    at: str
    record_id: str
    url: str
    values: list[float]
    sentence: str


def trend_of(alarm: Alarm, run_id: str) -> TrendContent:
    """What the alarm means, for the run whose record set it off.

    The id hashes series, kind and that record, so a message handled twice gives the same event twice.
    """
    one = alarm.observation
    kind: Kind = "spike" if alarm.channel in _POINT_CHANNELS else "shift"
    direction: Direction = "down" if alarm.residual < 0 else "up"
    before, after = levels(alarm)
    change = change_of(before, after)
    at = datetime.fromtimestamp(one.at, UTC)
    return TrendContent(
        id=digest("trend", alarm.dataset, one.record_key, one.field, kind, one.record_id),
        dataset=alarm.dataset,
        run_id=run_id,
        record_key=one.record_key,
        field=one.field,
        series=series_name(alarm.dataset, one.record_key, one.field),
        kind=kind,
        direction=direction,
        score=alarm.score,
        confidence=confidence(alarm.score),
        before=before,
        after=after,
        change=change,
        at=at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        record_id=one.record_id,
        url=one.url,
        values=[value for value, _ in alarm.values],
        sentence=describe(alarm, kind=kind, direction=direction, before=before, after=after, change=change, at=at),
    )


def confidence(score: float) -> float:
    """1 − 6·10^−s, at least 0: s is the best of six channels, so chance has six tries (Bonferroni's bound)."""
    return max(0.0, 1.0 - _CHANNELS * math.pow(10.0, -score))


def levels(alarm: Alarm) -> tuple[float, float]:
    """From which value to which, never against the alarm's direction.

    To: the value itself, or, when a level moved while this value happens to lie on the other side, the level. From:
    for a point that left the series' own average the median of the values just before, which is what people saw; in
    all other cases what the detector expected, because those values are part of the movement or of another hour.
    """
    sign = -1.0 if alarm.residual < 0 else 1.0
    baseline, value = alarm.baseline, alarm.observation.value
    after = value if sign * (value - baseline) > 0 else baseline + alarm.residual
    earlier = [one for one, _ in alarm.values[:-1]]
    if alarm.channel == 1 and earlier:
        usual = median(earlier)
        if sign * (after - usual) > 0:
            return usual, after
    return baseline, after


def change_of(before: float, after: float) -> float:
    """The change as a fraction of `before`, within ±10⁹; from zero, which has no fractions, ±1."""
    if before == 0:
        return float(after > 0) - float(after < 0)
    return min(max((after - before) / abs(before), -_LARGEST_CHANGE), _LARGEST_CHANGE)


def series_name(dataset: str, record_key: str, field: str) -> str:
    """dataset/record key/field, with slashes within a part escaped as in URLs, so that no two series share a name."""
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in (dataset, record_key, field))
