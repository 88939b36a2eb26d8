"""The daily detector of changes over a whole series, as days bring it."""

import numpy as np

from streams.trends.daily.changepoints import KEPT, changes
from streams.trends.detector.state import Floats


def segments(values: Floats) -> list[int]:
    """The changes of a whole series, taken in value by value: the first rows of new levels."""
    found, begin = [], 0
    for end in range(1, len(values) + 1):
        length = min(end - begin, KEPT)
        window = np.zeros((1, KEPT))
        window[0, KEPT - length :] = values[end - length : end]
        ratio, split = changes(window, np.array([length]), np.array([float(end - begin)]))
        if ratio[0] > 1.0:
            begin = end - KEPT + int(split[0])
            found.append(begin)
    return found
