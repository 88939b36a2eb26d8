"""From a finding to what a person is told. Pure: the same finding always makes the same event."""

import math
from datetime import UTC, datetime
from statistics import median
from typing import Literal

from schemas.events import Trend
from schemas.events.trends import Detector
from schemas.ids import digest
from schemas.moments import rfc3339
from streams.trends.observations import Alarm, Finding, Observation
from streams.trends.rates import RATE
from streams.trends.sentence import describe

_POINT_CHANNELS = (1, 4)
_CHANNELS = 6
_LARGEST_CHANGE = 1e9


def finding_of(alarm: Alarm) -> Finding:
    """What the point detector's alarm means."""
    before, after = levels(alarm)
    return Finding(
        detector=watcher_of(alarm.observation),
        kind="spike" if alarm.channel in _POINT_CHANNELS else "shift",
        dataset=alarm.dataset,
        observation=alarm.observation,
        direction="down" if alarm.residual < 0 else "up",
        score=alarm.score,
        confidence=confidence(alarm.score),
        before=before,
        after=after,
        values=alarm.values,
    )


def watcher_of(observation: Observation) -> Detector:
    """By what name the point detector's findings about this series go."""
    return "rate" if observation.field == RATE and not observation.record_key else "point"


def identity(finding: Finding) -> str:
    """Hashes the series, what was found and the record that set it off: a message handled twice tells the same."""
    one = finding.observation
    parts = ["trend", finding.dataset, one.record_key, one.field, finding.kind, one.record_id]
    if finding.detector != "point" or finding.closes:
        parts += [finding.detector, finding.closes, finding.rule]
    return digest(*parts)


def trend_of(finding: Finding, run_id: str) -> Trend:
    """The event, for the run whose record set it off."""
    one = finding.observation
    change = change_of(finding.before, finding.after)
    at = datetime.fromtimestamp(one.at, UTC)
    return Trend(
        id=identity(finding),
        dataset=finding.dataset,
        run_id=run_id,
        record_key=one.record_key,
        field=one.field,
        series=series_name(finding.dataset, one.record_key, one.field),
        kind=finding.kind,
        direction=finding.direction,
        score=finding.score,
        confidence=finding.confidence,
        before=finding.before,
        after=finding.after,
        change=change,
        at=rfc3339(at),
        record_id=one.record_id,
        url=one.url,
        values=list(finding.values),
        sentence=describe(finding, change=change, at=at),
        detector=finding.detector,
        phase="ended" if finding.closes else "began",
        closes=finding.closes,
        rule=finding.rule,
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
    earlier = alarm.values[:-1]
    if alarm.channel == 1 and earlier:
        usual = median(earlier)
        if sign * (after - usual) > 0:
            return usual, after
    return baseline, after


def direction_of(before: float, after: float) -> Literal["up", "down"]:
    """Where it went; what stayed went up."""
    return "down" if after < before else "up"


def change_of(before: float, after: float) -> float:
    """The change as a fraction of `before`, within ±10⁹; from zero, which has no fractions, ±1."""
    if before == 0:
        return float(after > 0) - float(after < 0)
    return min(max((after - before) / abs(before), -_LARGEST_CHANGE), _LARGEST_CHANGE)


def series_name(dataset: str, record_key: str, field: str) -> str:
    """dataset/record key/field, with slashes within a part escaped as in URLs, so that no two series share a name."""
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in (dataset, record_key, field))
