"""Finds points and shifts in many series at once: what is unlikely for a series, within a budget of alarms.

For each series a baseline, fast averages and an hour-of-day season give six residuals, its channels; the size of each
is held against the tail of its own past (peaks over threshold); a controller turns scores into a bounded number of
alarms. One pass, no look-ahead, 146 floats a series. Judged by the Numenta Anomaly Benchmark (NAB) with its own
scorer, and with Wu & Keogh's reservations about it in mind (arXiv 2009.13807).

`detector.py` puts together `many.py` (averages and limits), `tail.py` (how unlikely) and `alarm.py` (enough for an
alarm?); `one.py` is all three for a single observation.
"""

from streams.trends.detector.detector import Detector, Observed
from streams.trends.detector.settings import FEW_KEYS, MANY_KEYS, Settings

__all__ = ["FEW_KEYS", "MANY_KEYS", "Detector", "Observed", "Settings"]
