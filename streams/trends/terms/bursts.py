"""Whether more sources speak of a term than usual: a fast average against a slow one, in units of Poisson's noise.

F += (x − F)/3; z = (F − B)/√(B + 0.2) with B before its update; B += (x − B)·max(1/50, 1/t) in the t-th slot; a burst
needs x ≥ 1. x counts distinct sources and not documents: one author who repeats himself is no trend, and that is the
largest single lever on precision. After "MACD" of He & Parker, "Topic Dynamics: An Alternative Model of Bursts in
Streams of Topics" (KDD 2010), with the deviation that a Poisson count has.
"""

import numpy as np

from streams.trends.detector.state import Floats

FAST = 1 / 3
SLOW = 1 / 50
FLOOR = 0.2
WARM_UP = 10
"""Slots before anything is a burst: until then everything is new."""


def close_slot(fast: Floats, slow: Floats, sources: Floats, slot: int) -> Floats:
    """z of each term (n) after a slot in which so many sources spoke of it; `fast` and `slow` are moved on in place.

    `slot` counts the slots of the stream from 1. 0 during the warm-up and for terms that nobody spoke of.
    """
    fast += (sources - fast) * FAST
    surprise = (fast - slow) / np.sqrt(slow + FLOOR)
    slow += (sources - slow) * max(SLOW, 1 / slot)
    return np.where((sources >= 1) & (slot > WARM_UP), surprise, 0.0)
