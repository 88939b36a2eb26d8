"""What is asked about many records at once."""

from collections.abc import Sequence
from typing import Protocol

from schemas.analysing import Fields, Grouped, Question, Sample, Scope, Shape, Spread, Summary, Words


class Analyses(Protocol):
    """The warehouse as analyses see it. Each question is bounded in time, rows, memory and groups, and raises
    schemas.analysing.TooMuch beyond that: there is no half answer. A record that is stored twice counts once."""

    async def fields(self, scope: Scope) -> Fields:
        """The fields that these records have, of each type; of more than a thousand the most frequent."""
        ...

    async def records(self, scope: Scope) -> int:
        """How many records are meant."""
        ...

    async def grouped(self, question: Question) -> Grouped:
        """In groups; from the sums by the minute where `source` says so, which know nothing but count, dataset, domain
        and the moment of storing."""
        ...

    async def summaries(self, scope: Scope, fields: Sequence[str]) -> list[Summary]:
        """Of each field of numbers that has any; quantiles are interpolated, as a spreadsheet's."""
        ...

    async def shapes(self, scope: Scope, spreads: Sequence[Spread]) -> list[Shape]:
        """Of each of them."""
        ...

    async def flags(self, scope: Scope, fields: Sequence[str]) -> list[tuple[str, int, int]]:
        """Field, records that have it, and of how many it is true."""
        ...

    async def words(self, scope: Scope, fields: Sequence[str], top: int) -> list[Words]:
        """Of each field of texts that has any; of equally frequent ones the first in the alphabet."""
        ...

    async def sample(self, scope: Scope, fields: Sequence[str], limit: int) -> Sample:
        """At most `limit` records, drawn evenly, the same ones each time."""
        ...
