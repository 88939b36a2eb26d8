"""The Numenta Anomaly Benchmark's scoring, from its published definition.

Lavin & Ahmad, "Evaluating Real-time Anomaly Detection Algorithms – the Numenta Anomaly Benchmark" (arXiv 1510.03336),
and its white paper: each labelled window counts its earliest detection by a scaled sigmoid of the position in it, each
detection outside counts against by the distance to the window before; the first 15 % of a file (750 rows at most) are
probation; one threshold for the whole corpus is the best for each profile; the sum is put between a detector that
never speaks (0) and a perfect one (100).

The folder holds NAB's own `data/**.csv` and `labels/combined_windows.json`.
"""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from streams.trends.detector import FEW_KEYS, Detector, Settings

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Profile:
    """What a missed window and a false detection cost, in the worth of a window that was found."""

    missed: float
    false: float


PROFILES = {"standard": Profile(1.0, 0.11), "low FP": Profile(1.0, 0.22), "low FN": Profile(2.0, 0.11)}
PROBATION, MOST_PROBATION = 0.15, 750
NEVER = math.inf


@dataclass(frozen=True)
class Labelled:
    """One file: seconds and values (n), and its windows as (first, last) rows, both within."""

    name: str
    seconds: Floats
    values: Floats
    windows: Sequence[tuple[int, int]]


@dataclass(frozen=True)
class Scored:
    """What each row after probation is worth should it be detected: `window` is its number in the file, or −1."""

    scores: Floats
    worth: Floats
    window: Ints
    windows: int


def read(folder: Path) -> list[Labelled]:
    """All files that are labelled, in order of name; none where there are none."""
    labels = folder / "labels" / "combined_windows.json"
    if not labels.is_file():
        return []
    windows: dict[str, list[list[str]]] = json.loads(labels.read_text())
    return [_read(folder / "data" / name, name, windows[name]) for name in sorted(windows)]


def _read(path: Path, name: str, limits: Sequence[Sequence[str]]) -> Labelled:
    with path.open(newline="") as file:
        rows = [(_seconds(row["timestamp"]), float(row["value"])) for row in csv.DictReader(file)]
    seconds = np.array([at for at, _ in rows])
    place = {at: index for index, at in reversed(list(enumerate(seconds.tolist())))}
    windows = [(place[_seconds(first)], place[_seconds(last)]) for first, last in limits]
    return Labelled(name, seconds, np.array([value for _, value in rows]), windows)


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


def detect(files: Sequence[Labelled], settings: Settings) -> list[Floats]:
    """The detector's score of every row of every file, in order, nothing known in advance: a series each, which changes
    no bit of the others."""
    scores = [np.zeros(len(file.values)) for file in files]
    detector = Detector(settings, len(files))
    for row in range(max((len(file.values) for file in files), default=0)):
        slots = np.array([slot for slot, file in enumerate(files) if row < len(file.values)], dtype=np.intp)
        values = np.array([files[slot].values[row] for slot in slots.tolist()])
        seconds = np.array([files[slot].seconds[row] for slot in slots.tolist()])
        said = detector.observe(slots, values, seconds).score.tolist()
        for slot, score in zip(slots.tolist(), said, strict=True):
            scores[slot][row] = score
    return scores


def worth_of(file: Labelled, scores: Floats) -> Scored:
    """The value of each row for a window that was found (1) or against it (down to −1), profile aside."""
    rows = len(file.values)
    worth, window = np.full(rows, -1.0), np.full(rows, -1, dtype=np.intp)
    for number, (first, last) in enumerate(file.windows):
        width = last - first + 1
        inside = np.arange(first, last + 1)
        worth[inside] = _sigmoid(-(last - inside + 1) / width) / float(_sigmoid(np.array(-1.0)))
        window[inside] = number
        behind = np.arange(last + 1, file.windows[number + 1][0] if number + 1 < len(file.windows) else rows)
        if width > 1:
            position = (behind - last) / (width - 1)
            worth[behind] = np.where(position >= 3, -1.0, _sigmoid(position))
    begin = math.floor(min(PROBATION * rows, MOST_PROBATION))
    return Scored(scores[begin:], worth[begin:], window[begin:], len(file.windows))


def _sigmoid(position: Floats) -> Floats:
    result: Floats = 2 / (1 + np.exp(5 * position)) - 1
    return result


def total(files: Sequence[Scored], threshold: float, profile: Profile) -> float:
    """The score of the corpus, 0 to 100 (below 0 for what is worse than silence), at one threshold."""
    gained = sum(_gain(file, threshold, profile) for file in files)
    windows = sum(file.windows for file in files)
    silent = -profile.missed * windows
    return 100.0 * (gained - silent) / (windows - silent)


def _gain(file: Scored, threshold: float, profile: Profile) -> float:
    spoken = file.scores >= threshold
    outside = spoken & (file.window < 0)
    gained = float(file.worth[outside].sum()) * profile.false - profile.missed * file.windows
    for number in np.unique(file.window[spoken & (file.window >= 0)]).tolist():
        gained += profile.missed + float(file.worth[spoken & (file.window == number)].max())
    return gained


def best(files: Sequence[Scored], profile: Profile) -> tuple[float, float]:
    """(score, threshold) of the best threshold among all that could differ."""
    every = np.unique(np.concatenate([file.scores for file in files]))
    found = max(((total(files, one, profile), one) for one in _candidates(every)), default=(0.0, NEVER))
    return max(found, (0.0, NEVER))


def _candidates(scores: Floats) -> list[float]:
    """The two hundred highest scores, and of the others above 1 (less is no detection of anyone's) some hundred."""
    high = scores[scores >= 1.0]
    return [float(one) for one in np.union1d(high[-200:], high[:: max(1, len(high) // 200)])]


def half_splits(files: Sequence[Scored], profile: Profile, splits: int = 80) -> float:
    """The mean score of halves of the files, each under the threshold that is best for the other half."""
    random = np.random.default_rng(1)
    found = []
    for _ in range(splits):
        order = random.permutation(len(files)).tolist()
        first = [files[index] for index in order[: len(files) // 2]]
        second = [files[index] for index in order[len(files) // 2 :]]
        found.append(total(second, best(first, profile)[1], profile))
    return float(np.mean(found))


def corpus(files: Sequence[Labelled], settings: Settings) -> list[Scored]:
    """Every file through the detector, ready to be scored."""
    return [worth_of(file, scores) for file, scores in zip(files, detect(files, settings), strict=True)]


WIDE = tuple(
    replace(FEW_KEYS, rest=rest, toll=toll, number_floor=floor)
    for rest in (20, 80, 300)
    for toll in (0.1, 0.4)
    for floor in (1e-4, 1e-3, 1e-2)
)
"""Whatever of the detector may be set, tried in steps: what it could be for somebody who knew all files in advance."""


def fitted(files: Sequence[Labelled], settings: Sequence[Settings] = WIDE) -> list[Scored]:
    """The corpus under those settings that are best for it in the standard profile: fitted on the very files that it is
    scored on, unlike everything else here."""
    tried = [corpus(files, one) for one in settings]
    return max(tried, key=lambda scored: best(scored, PROFILES["standard"])[0])


def summary(files: Sequence[Scored]) -> Mapping[str, tuple[float, float]]:
    """Profile → (score at the best threshold, mean over half splits)."""
    return {name: (best(files, one)[0], half_splits(files, one)) for name, one in PROFILES.items()}
