"""The warehouse as analyses see it: it answers what it was given, and remembers what it was asked."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from schemas.analysing import Fields, Grouped, Question, Sample, Scope, Shape, Spread, Summary, TooMuch, Words
from tests.unit.api.switch import Switch


@dataclass
class FakeAnalyses:
    known: Fields = field(
        default_factory=lambda: {"price": {"number": 3}, "name": {"text": 3}, "new": {"flag": 3},
                                 "added": {"moment": 2}, "tags": {"list": 2}, "mixed": {"number": 1, "text": 2}}
    )  # fmt: skip
    rows: list[list[str | float | None]] = field(default_factory=list)
    total: int = 0
    count: int = 3
    columns: list[list[float]] = field(default_factory=list)
    bound: str | None = None
    asked: list[Question] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    switch: Switch = field(default_factory=Switch)

    async def fields(self, scope: Scope) -> Fields:
        self._look(scope)
        return self.known

    async def records(self, scope: Scope) -> int:
        self._look(scope)
        return self.count

    async def grouped(self, question: Question) -> Grouped:
        self._look(question.scope)
        self.asked.append(question)
        if self.bound:
            raise TooMuch(self.bound)
        return Grouped(self.rows[: question.limit], self.total or len(self.rows))

    async def summaries(self, scope: Scope, fields: Sequence[str]) -> list[Summary]:
        self._look(scope)
        return [
            Summary(field=name, count=2, mean=1.5, deviation=0.5**0.5, low=1, p05=1.05, p25=1.25, median=1.5, p75=1.75,
                    p95=1.95, high=2)
            for name in fields
        ]  # fmt: skip

    async def shapes(self, scope: Scope, spreads: Sequence[Spread]) -> list[Shape]:
        self._look(scope)
        return [
            Shape(field=one.field, skewness=0, kurtosis=1, counts=[2] + [0] * (one.buckets - 1), outliers=0)
            for one in spreads
        ]

    async def flags(self, scope: Scope, fields: Sequence[str]) -> list[tuple[str, int, int]]:
        self._look(scope)
        return [(name, 3, 1) for name in fields]

    async def words(self, scope: Scope, fields: Sequence[str], top: int) -> list[Words]:
        self._look(scope)
        return [Words(field=name, count=3, distinct=1, top=[("x", 3)]) for name in fields]

    async def sample(self, scope: Scope, fields: Sequence[str], limit: int) -> Sample:
        self._look(scope)
        return Sample(self.columns or [[] for _ in fields], len(self.columns[0]) if self.columns else 0)

    def _look(self, scope: Scope) -> None:
        self.switch.check()
        self.scopes.append(scope)
