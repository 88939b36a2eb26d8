"""Descriptive statistics: which fields, asked for in as few looks as there are types."""

from collections.abc import Sequence
from dataclasses import dataclass

from api.ports import Analyses
from api.services.analytics.buckets import spread_of
from schemas.analysing import Fields, FieldType, Scope, Shape, Spread, Summary, Words

TOP = 10
MOST_FIELDS = 20
DESCRIBED: tuple[FieldType, ...] = ("number", "flag", "text")


@dataclass(frozen=True, slots=True)
class Described:
    """What was found of a dataset's fields, and of how many records."""

    records: int
    numbers: Sequence[tuple[Summary, Spread, Shape]]
    flags: Sequence[tuple[str, int, int]]
    words: Sequence[Words]


def frequent(fields: Fields, types: Sequence[FieldType], most: int) -> list[str]:
    """Names of the fields of these types, those that most records have first."""
    counts = {name: sum(has.get(type_, 0) for type_ in types) for name, has in fields.items()}
    found = [name for name, count in counts.items() if count]
    return sorted(found, key=lambda name: (-counts[name], name))[:most]


async def described(
    analyses: Analyses, scope: Scope, fields: Fields, chosen: Sequence[str], buckets: int | None
) -> Described:
    """Each of the chosen fields by its types. A record may come between the looks: then a histogram has one more than
    `count` says."""

    def of(type_: FieldType) -> list[str]:
        return [name for name in chosen if type_ in fields[name]]

    numbers = of("number")
    summaries = await analyses.summaries(scope, numbers) if numbers else []
    spreads = [spread_of(summary, buckets) for summary in summaries]
    shapes = {shape.field: shape for shape in await analyses.shapes(scope, spreads)} if spreads else {}
    both = [(summary, spread) for summary, spread in zip(summaries, spreads, strict=True) if summary.field in shapes]
    return Described(
        records=await analyses.records(scope),
        numbers=[(summary, spread, shapes[summary.field]) for summary, spread in both],
        flags=await analyses.flags(scope, of("flag")) if of("flag") else [],
        words=await analyses.words(scope, of("text"), TOP) if of("text") else [],
    )
