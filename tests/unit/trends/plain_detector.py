"""The specification of the point-and-shift detector, one series and one observation at a time, in plain floats.

Slow and obvious on purpose: no arrays, no lazy decay, no tables, nothing shared with the real detector.
"""

from dataclasses import dataclass, field
from math import inf, log10

from streams.trends.detector import Settings

EXCEEDED, MEMORY = 0.02, 5000


@dataclass
class Tail:
    limit: float = 0.0
    scale: float = 0.0
    mean: float = 0.0
    excesses: float = 0.0
    first: float = 0.0
    second: float = 0.0
    largest: list[float] = field(default_factory=list)

    def score(self, y: float, unit: float, n: int) -> float:
        if unit == 0:
            return 0.0
        a1 = (10 * unit + self.first) / (10 + self.excesses)
        a2 = (20 * unit**2 + self.second) / (10 + self.excesses)
        variance = a2 - a1**2
        shape = min(max(0.5 * (1 - a1**2 / variance) if variance > 0 else -inf, -0.5), 0.5)
        if abs(shape) < 1e-6:
            shape = 1e-6
        base = 1 + shape * y / (a1 * (1 - shape))
        score = min(-log10(EXCEEDED) + log10(base) / shape, 8.0) if base > 0 else 8.0
        alike = sum(one >= 0.9 * y for one in self.largest)
        return min(score, log10((min(n - 1, MEMORY) + 1) / (alike + 1))) if alike else score

    def remember(self, y: float) -> None:
        self.largest = sorted([*self.largest, y], reverse=True)[:8]
        kept = min(1.0, 100 / (self.excesses + 1))
        self.excesses = (self.excesses + 1) * kept
        self.first = (self.first + y) * kept
        self.second = (self.second + y * y) * kept

    def advance(self, size: float, n: int) -> None:
        over = size > self.limit
        gain = max(1 / MEMORY, 1 / n)
        away = size - self.mean
        self.mean += gain * away
        self.scale += gain * (abs(away) - self.scale)
        step = self.scale * max(3 / MEMORY, min(1.0, 2 * n**-0.7))
        self.limit += step * (1 - EXCEEDED if over else -EXCEEDED)


@dataclass
class PlainDetector:
    """One series; `observe` returns (T, T above the threshold, alarm)."""

    settings: Settings
    floor: float
    n: int = 0
    baseline: float = 0.0
    levels: list[float] = field(default_factory=lambda: [0.0, 0.0])
    seasonal_levels: list[float] = field(default_factory=lambda: [0.0, 0.0])
    season: dict[int, tuple[float, int]] = field(default_factory=dict)
    tails: list[Tail] = field(default_factory=lambda: [Tail() for _ in range(6)])
    theta: float = 0.0
    rest: int = 0

    def observe(self, x: float, seconds: float) -> tuple[float, float, bool]:
        self.n += 1
        if self.n == 1:
            self.baseline = x
        channels = [abs(one) for one in self.residuals(x, int(seconds % 86400 // 3600))]
        unit_floor = self.floor * abs(self.baseline)
        self.baseline += max(1 / 1000, 1 / self.n) * (x - self.baseline)
        scores = [self.judge(tail, size, unit_floor) for tail, size in zip(self.tails, channels, strict=True)]
        return self.decide(max(scores))

    def residuals(self, x: float, hour: int) -> list[float]:
        m = self.baseline
        mean, count = self.season.get(hour, (0.0, 0))
        r = x - mean if count else x - m
        self.season[hour] = (mean + max(0.1, 1 / (count + 1)) * (x - mean), count + 1)
        for index, tau in enumerate((8, 30)):
            gain = max(1 / tau, 1 / self.n)
            self.levels[index] += gain * (x - self.levels[index])
            self.seasonal_levels[index] += gain * (r - self.seasonal_levels[index])
        return [x - m, self.levels[0] - m, self.levels[1] - m, r, *self.seasonal_levels]

    def judge(self, tail: Tail, size: float, unit_floor: float) -> float:
        tail.largest = [one * 0.5 ** (1 / MEMORY) for one in tail.largest]
        y, score = size - tail.limit, 0.0
        if y > 0:
            if self.n > self.settings.warm_up:
                score = tail.score(y, max(tail.scale, unit_floor), self.n)
            tail.remember(y)
        tail.advance(size, self.n)
        return score

    def decide(self, tail: float) -> tuple[float, float, bool]:
        self.theta = max(0.0, self.theta - self.settings.toll * self.settings.budget)
        if self.rest > 0:
            self.rest -= 1
            return tail, 0.0, False
        above = max(0.0, tail - self.theta)
        alarm = above >= self.settings.bar
        if alarm:
            self.theta += self.settings.toll
            self.rest = self.settings.rest
        return tail, above, alarm
