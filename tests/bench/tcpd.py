"""The Turing Change Point Dataset's two measures, from their published definition.

van den Burg & Williams, "An Evaluation of Change Point Detection Algorithms" (arXiv 2003.06222): F1 of change points
within a margin of five, the first observation being one; precision against the points of all annotators together,
recall the mean of theirs; and the cover, the mean over annotators of how well their segments are met (Jaccard).

The folder holds TCPD's own `annotations.json` and `datasets/<name>/<name>.json`.
"""

import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

MARGIN = 5


@dataclass(frozen=True)
class Annotated:
    """One series of one dimension, and the change points that each annotator saw."""

    name: str
    values: npt.NDArray[np.float64]
    annotations: Mapping[str, Sequence[int]]


def read(folder: Path) -> list[Annotated]:
    """All series of one dimension that are annotated and there; gaps take the value before."""
    listed = folder / "annotations.json"
    if not listed.is_file():
        return []
    annotations: dict[str, dict[str, list[int]]] = json.loads(listed.read_text())
    files = {path.stem: path for path in sorted(folder.glob("datasets/*/*.json"))}
    found = [
        _read(name, json.loads(files[name].read_text()), annotations[name]) for name in annotations if name in files
    ]
    return [one for one in found if one is not None]


def _read(name: str, told: dict[str, Any], annotations: Mapping[str, Sequence[int]]) -> Annotated | None:
    if told["n_dim"] != 1:
        return None
    values = np.array([np.nan if one is None else float(one) for one in told["series"][0]["raw"]])
    there = np.flatnonzero(~np.isnan(values))
    last = np.maximum(np.searchsorted(there, np.arange(len(values)), side="right") - 1, 0)
    return Annotated(name, values[there[last]], annotations)


def f1(annotations: Mapping[str, Sequence[int]], found: Sequence[int]) -> float:
    """Between 0 and 1; a point is met by one of the found ones within the margin, each of which meets one."""
    said = {*found, 0}
    everyone = {0}.union(*(set(points) for points in annotations.values()))
    precision = _met(everyone, said) / len(said)
    recall = float(np.mean([_met({*points, 0}, said) / len({*points, 0}) for points in annotations.values()]))
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _met(true: set[int], found: set[int]) -> int:
    left, met = set(found), 0
    for point in sorted(true):
        near = [(abs(point - one), one) for one in left if abs(point - one) <= MARGIN]
        if near:
            left.remove(min(near)[1])
            met += 1
    return met


def cover(annotations: Mapping[str, Sequence[int]], found: Sequence[int], length: int) -> float:
    """Between 0 and 1: each annotator's segments, weighted by their length, with their best counterpart."""
    ours = _segments(found, length)
    return float(np.mean([_cover(_segments(points, length), ours, length) for points in annotations.values()]))


def _cover(true: Sequence[range], ours: Sequence[range], length: int) -> float:
    return sum(len(one) * max(_jaccard(one, other) for other in ours) for one in true) / length


def _segments(points: Sequence[int], length: int) -> list[range]:
    borders = sorted({0, length, *(point for point in points if 0 < point < length)})
    return [range(first, last) for first, last in itertools.pairwise(borders)]


def _jaccard(one: range, other: range) -> float:
    both = max(0, min(one.stop, other.stop) - max(one.start, other.start))
    return both / (len(one) + len(other) - both)
