"""When a score becomes an alarm: an adaptive threshold that keeps the number of alarms within a budget.

The threshold follows adaptive conformal inference (Gibbs & Candès, arXiv 2106.00170): each alarm raises it by eta,
each observation lowers it by eta·alpha. The bound on the number of alarms holds for any stream, whether or not the
scores deserve the name of a probability (`Settings.most_alarms`).
"""

import numpy as np

from streams.trends.detector.settings import Settings
from streams.trends.detector.state import Bools, Floats


def decide(theta: Floats, rest: Floats, tail: Floats, settings: Settings) -> tuple[Floats, Bools]:
    """Moves threshold and rest (n each, changed in place) on; returns the score above the threshold, and the alarms.

    The score is 0 while a series rests after an alarm.
    """
    theta -= settings.toll * settings.budget
    np.maximum(theta, 0.0, out=theta)
    awake = rest <= 0
    score = np.where(awake, np.maximum(tail - theta, 0.0), 0.0)
    alarm: Bools = score >= settings.bar
    rest -= 1.0
    np.maximum(rest, 0.0, out=rest)
    if alarm.any():
        theta[alarm] += settings.toll
        rest[alarm] = settings.rest
    return score, alarm
