"""What goes into the stage's memory, and what comes out when something stands out."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from schemas.events.trends import Detector


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
    """The point detector spoke: about which observation, through which channel (1–6), how surely, what it expected.

    `score` is −log10 of a tail probability (0–8), `baseline` the expected value and `residual` the signed deviation
    from it (see `detector.Observed`); `values` are up to 20 of the series, oldest first, the last one its own.
    """

    dataset: str
    observation: Observation
    channel: int
    score: float
    baseline: float
    residual: float
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to be told: what found it, about which series, when and where (the observation that set it off), how
    surely, from what to what, with the values around it.

    `closes` is the id of the trend that it ends, else empty. `rule` and `words` are for people: the job's rule, and
    what the sentence needs beyond numbers.
    """

    detector: Detector
    kind: Literal["spike", "shift"]
    dataset: str
    observation: Observation
    direction: Literal["up", "down"]
    score: float
    confidence: float
    before: float
    after: float
    values: tuple[float, ...] = ()
    closes: str = ""
    rule: str = ""
    words: str = ""
