"""What may be chosen about the detector; everything else is a constant beside the formula it belongs to."""

from dataclasses import dataclass

HIGHEST_SCORE = 8.0
"""Scores end here (−log10 of a probability): one exceedance can't tell 10⁻⁸ from anything smaller."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How many alarms are allowed, and what counts as a difference at all.

    `bar` (b): an alarm needs a score this far above the moving threshold; scores are −log10 of a tail probability.
    `budget` (alpha): alarms per observation that a series may raise in the long run, whatever its values do.
    `toll` (eta): what one alarm adds to the threshold; each observation pays back eta·alpha.
    `rest`: observations after an alarm in which the series can't raise another one.
    `warm_up`: observations before a series may score at all.
    `number_floor`, `price_floor` (eps): differences are measured against at least this fraction of the baseline, so
    that a series that never moved does not call its first cent of movement an event.

    Raises ValueError for a combination under which nothing could ever alarm or the budget would not hold.
    """

    bar: float
    budget: float
    toll: float
    rest: int = 80
    warm_up: int = 50
    number_floor: float = 1e-3
    price_floor: float = 1e-2

    def __post_init__(self) -> None:
        if not 0 < self.bar < HIGHEST_SCORE:
            raise ValueError(f"bar must lie between 0 and {HIGHEST_SCORE:g}, not {self.bar!r}")
        if not (0 < self.budget < 1 and self.toll > 0):
            raise ValueError(f"budget must lie between 0 and 1 and toll be positive: {self.budget!r}, {self.toll!r}")
        if self.rest < 0 or self.warm_up < 0 or self.number_floor < 0 or self.price_floor < 0:
            raise ValueError("rest, warm_up, number_floor and price_floor can't be negative")

    def most_alarms(self, observations: int) -> float:
        """The guarantee: alarms ≤ alpha·T + (8 − b + eta)/eta on any stream of T observations.

        An alarm needs threshold ≤ 8 − b, so the threshold never passes 8 − b + eta; each alarm adds eta to it and
        each observation takes eta·alpha from it.
        """
        return self.budget * observations + (HIGHEST_SCORE - self.bar + self.toll) / self.toll


FEW_KEYS = Settings(bar=2.8, budget=1e-3, toll=0.1)
"""Some hundred series that a person watches: finds more, and errs about once in a thousand observations at most."""

MANY_KEYS = Settings(bar=4.0, budget=1e-4, toll=0.25)
"""Production, thousands of series and more: with so many of them even rare errors would be a stream of their own."""
