"""From what somebody asks to a question that the warehouse can answer: names, types, order, and which source."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from api.errors import invalid
from api.services.analytics.naming import fitting, types_of, unknown
from api.shapes.analytics import MeasureAsked, QueryAsked
from schemas.analysing import OWN, Fields, Group, Measure, Question, Scope, Source

_KEPT = timedelta(days=399)
"""Sums by the minute are kept for 400 days."""
_ADDED_UP = "From sums by the minute: they count what was stored, also what was removed since."


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, its columns as (name, type), and what is to be said of it."""

    question: Question
    columns: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()


def asked_of(body: QueryAsked, scope: Scope, fields: Fields, now: datetime) -> Asked:
    """The question with all that is known of its fields. ApiError 422 names what is wrong and what is near."""
    groups = [_group(name, fields, place) for place, name in enumerate(body.group_by)]
    measures = [measure_of(measure, fields, f"measures.{place}") for place, measure in enumerate(body.measures)]
    columns = [("time", "moment")] if body.interval else []
    columns += [(group.name, _type_of_group(group)) for group in groups]
    columns += [
        (asked.name or _name_of(asked), _type_of_measure(measure))
        for asked, measure in zip(body.measures, measures, strict=True)
    ]
    _distinct([name for name, _ in columns])
    source = _source(body, scope, now)
    question = Question(
        scope=scope,
        groups=tuple(groups),
        interval=body.interval,
        measures=tuple(measures),
        order=_order(body.order, [name for name, _ in columns]),
        limit=body.limit,
        source=source,
    )
    return Asked(question, tuple(columns), (_ADDED_UP,) if source == "aggregated" else ())


def measure_of(asked: MeasureAsked, fields: Fields, place: str) -> Measure:
    """A measure with the type that it looks at."""
    if asked.field is None:
        if asked.fn != "count":
            raise invalid(f"{place}.field", f"Say of which field: {asked.fn} needs one, count alone does without.")
        return Measure("count")
    types = types_of(fields, asked.field, f"{place}.field")
    return Measure(asked.fn, asked.field, fitting(asked.fn, asked.field, types, f"{place}.fn"))


def _group(name: str, fields: Fields, place: int) -> Group:
    if name in OWN:
        return Group(name)
    return Group(name, types_of(fields, name, f"group_by.{place}", OWN))


def _type_of_group(group: Group) -> str:
    if not group.types:
        return "number" if group.name == "revision" else "text"
    if len(group.types) > 1:
        return "text"
    return "entry" if group.types == ("list",) else group.types[0]


def _type_of_measure(measure: Measure) -> str:
    return "moment" if measure.function in ("min", "max") and measure.types == ("moment",) else "number"


def _name_of(asked: MeasureAsked) -> str:
    return f"{asked.fn}_{asked.field}" if asked.field else asked.fn


def _distinct(names: list[str]) -> None:
    for name in names:
        if names.count(name) > 1:
            raise invalid("measures", f"Two columns are named {name[:100]!r}; give one another name with `as`.")


def _order(said: list[str], names: list[str]) -> tuple[tuple[int, bool], ...]:
    order = []
    for place, text in enumerate(said):
        # A column may be named with a minus in front: then its own name goes before the direction.
        down = text not in names and text.startswith("-")
        name = text[1:] if down else text
        if name not in names:
            raise unknown(name, f"order.{place}", names)
        order.append((names.index(name), down))
    return tuple(order)


def _source(body: QueryAsked, scope: Scope, now: datetime) -> Source:
    """The sums by the minute where they answer the same: they know when records were stored, not when pages were
    fetched, not whose they are, and nothing of before their time."""
    hindered = _hindered(body, scope, now)
    if body.source == "aggregated" and hindered:
        raise invalid("source", f"The sums by the minute cannot answer this: {hindered}. Ask with `source: stored`.")
    return "stored" if body.source == "stored" or hindered else "aggregated"


def _hindered(body: QueryAsked, scope: Scope, now: datetime) -> str | None:
    if scope.runs is not None:
        return "they do not know whose records they count, and you do not see everybody's"
    if scope.clock != "stored_at":
        return "they know the time of storing alone (`time: stored_at`)"
    if scope.where or scope.job_id or scope.run_id or scope.revision:
        return "they know nothing of fields, jobs, runs and revisions"
    if any(name != "domain" for name in body.group_by):
        return "they know no group but `domain`"
    if any(measure.fn != "count" or measure.field for measure in body.measures):
        return "they know no measure but count"
    if scope.since is None or scope.since < now - _KEPT:
        return "they are kept for 400 days; say `since`"
    if any(moment and moment.timestamp() % 60 for moment in (scope.since, scope.until)):
        return "`since` and `until` have to be whole minutes"
    return None
