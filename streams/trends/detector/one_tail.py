"""One excess in plain floats: the same bits as `tail.py`, which explains the arithmetic."""

import numpy as np

from streams.trends.detector.settings import HIGHEST_SCORE
from streams.trends.detector.state import EXCESSES, LARGEST, SEEN, SQUARES, SUM, Floats
from streams.trends.detector.tail import (
    DECAY,
    EXCEEDED,
    EXPONENTIAL,
    LIMIT_SCORE,
    MEASURABLE,
    MEMORY,
    NARROWEST,
    NEAR,
    PRIOR,
    SHAPE_BOUND,
)


def score_one(memory: Floats, count: float, excess: float, scale: float, warm_up: int) -> float:
    """As `score_excesses`, for one row (12), changed in place."""
    row: list[float] = memory.tolist()
    # numpy's own functions on purpose: another library's would differ from them in the last bit.
    kept = float(np.exp(DECAY * (count - row[SEEN])))
    largest = [one * kept for one in row[LARGEST]]
    measurable = scale > MEASURABLE
    fitted = _fitted(row, excess, scale if measurable else 1.0)
    score = min(fitted, _observed(largest, count, excess)) if measurable and count > warm_up else 0.0
    place = largest.index(min(largest))
    largest[place] = max(largest[place], excess)
    number = row[EXCESSES] + 1.0
    share = min(1.0, MEMORY * EXCEEDED / number)
    total, squares = (row[SUM] + excess) * share, (row[SQUARES] + excess * excess) * share
    memory[:] = [number * share, total, squares, count, *largest]
    return score


def _fitted(row: list[float], excess: float, scale: float) -> float:
    weight = 1.0 / (PRIOR + row[EXCESSES])
    first = (PRIOR * scale + row[SUM]) * weight
    square = first * first
    variance = (2.0 * PRIOR * scale * scale + row[SQUARES]) * weight - square
    shape = 0.5 * (1.0 - square / max(variance, NARROWEST * square))
    shape = min(max(shape, -SHAPE_BOUND), SHAPE_BOUND)
    if abs(shape) < EXPONENTIAL:
        shape = EXPONENTIAL
    base = 1.0 + shape * excess / (first * (1.0 - shape))
    if base <= 0:
        return HIGHEST_SCORE
    return min(LIMIT_SCORE + float(np.log10(base)) / shape, HIGHEST_SCORE)


def _observed(largest: list[float], count: float, excess: float) -> float:
    near = NEAR * excess
    alike = sum(one >= near for one in largest)
    if not alike:
        return HIGHEST_SCORE
    return float(np.log10((min(count - 1.0, MEMORY) + 1.0) / (alike + 1.0)))
