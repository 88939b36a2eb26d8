"""What goes into the stage's memory, and what comes out when something stands out."""

from dataclasses import dataclass
from typing import Literal, NamedTuple


class Observation(NamedTuple):
    """One value of one series: `at` is a Unix time in seconds, `record_id` and `url` say where it was read."""

    record_key: str
    field: str
    kind: Literal["price", "number"]
    value: float
    at: float
    record_id: str
    url: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """The detector spoke: about which observation, through which channel (1–6), how surely, and what it expected.

    `score` is −log10 of a tail probability (0–8), `baseline` the expected value and `residual` the signed deviation
    from it (see `detector.Observed`); `values` are up to 20 (value, Unix time), oldest first, the last one its own.
    """

    dataset: str
    observation: Observation
    channel: int
    score: float
    baseline: float
    residual: float
    values: tuple[tuple[float, float], ...]
