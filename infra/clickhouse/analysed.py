"""Questions in groups as ClickHouse's statements: every word of them is ours, and what people wrote is a value."""

import re
from typing import Any

from infra.clickhouse.choosing import chosen, span
from infra.clickhouse.sql import queries
from schemas.analysing import OWN, FieldType, Group, Measure, Question, Scope

_FIELD = re.compile(r"\{field:")
_CLOCKS = {"fetched_at": "fetched_at", "stored_at": "ingested_at"}
_STARTS = {
    "minute": "toStartOfMinute({clock}, 'UTC')",
    "hour": "toStartOfHour({clock}, 'UTC')",
    "day": "toStartOfDay({clock}, 'UTC')",
    "week": "toStartOfWeek({clock}, 1, 'UTC')",
    "month": "toStartOfMonth({clock}, 'UTC')",
}
"""Weeks begin on Monday."""
_FUNCTIONS = {
    "count": "count({value})",
    "distinct": "uniqExact({value})",
    "sum": "sum({value})",
    "avg": "avg({value})",
    "min": "min({value})",
    "max": "max({value})",
    "median": "quantileExactInclusive(0.5)({value})",
    "p05": "quantileExactInclusive(0.05)({value})",
    "p25": "quantileExactInclusive(0.25)({value})",
    "p75": "quantileExactInclusive(0.75)({value})",
    "p95": "quantileExactInclusive(0.95)({value})",
    "p99": "quantileExactInclusive(0.99)({value})",
    "stddev": "stddevSampStable({value})",
}


def within(statement: str, scope: Scope) -> tuple[str, dict[str, Any]]:
    """A statement over the records of a scope, with its bounds."""
    where, values = chosen(scope.where)
    text = queries("analysing")["scope"].replace("{clock}", _CLOCKS[scope.clock]).replace("{where}", where)
    values |= span(scope.since, scope.until) | {
        "dataset": scope.dataset,
        "every": int(scope.runs is None),
        "runs": list(scope.runs or ()),
        "job_id": scope.job_id or "",
        "run_id": scope.run_id or "",
        "revision": scope.revision or 0,
    }
    return f"{statement.replace('{scope}', text)}\n{queries('analysing')['bounds']}", values


def grouped(question: Question) -> tuple[str, dict[str, Any]]:
    """The statement of a question, and its values."""
    added_up = question.source == "aggregated"
    groups, values = _groups(question, added_up)
    measures = []
    for place, measure in enumerate(question.measures):
        text, more = _measure(measure, f"m{place}", added_up)
        measures.append(text)
        values |= more
    columns = [f"{text} as c{place}" for place, text in enumerate([*groups, *measures])]
    keys = [f"c{place}" for place in range(len(groups))]
    order = [f"c{place} {'desc' if down else 'asc'} nulls last" for place, down in question.order]
    order += [f"{key} asc nulls last" for key in keys] or ["total asc"]
    statement = queries("analysing")["added_up" if added_up else "grouped"]
    statement = statement.replace("{columns}", ", ".join(columns)).replace("{order}", ", ".join(order))
    statement = statement.replace("{group_by}", f"group by {', '.join(keys)}" if keys else "")
    whole, scoped = within(statement, question.scope)
    return whole, values | scoped | {"limit": question.limit}


def _groups(question: Question, added_up: bool) -> tuple[list[str], dict[str, Any]]:
    clock = "at" if added_up else _CLOCKS[question.scope.clock]
    texts, values = [], {}
    if question.interval:
        start = _STARTS[question.interval].replace("{clock}", clock)
        texts.append(f"1000 * toInt64(toUnixTimestamp(toDateTime({start}, 'UTC')))")
    for place, group in enumerate(question.groups):
        texts.append(_named(_grouping(group), f"g{place}"))
        if group.types:
            values[f"field_g{place}"] = group.name
    return texts, values


def _grouping(group: Group) -> str:
    if not group.types:
        assert group.name in OWN
        return group.name
    return _value(group.types, "list")


def _measure(measure: Measure, mark: str, added_up: bool) -> tuple[str, dict[str, Any]]:
    if not measure.field:
        return ("toUInt64(sum(records))" if added_up else "count()"), {}
    value = _value(measure.types, "whole_list")
    if measure.function == "distinct" and measure.types == ("list",):
        return _named("uniqExactArray(lists[{field:String}])", mark), {f"field_{mark}": measure.field}
    text = _FUNCTIONS[measure.function].replace("{value}", value)
    return _named(text, mark), {f"field_{mark}": measure.field}


def _value(types: tuple[FieldType, ...], of_lists: str) -> str:
    if len(types) > 1:
        return queries("analysing")["mixed"]
    return queries("analysing")[of_lists if types == ("list",) else types[0]]


def _named(text: str, mark: str) -> str:
    return _FIELD.sub(f"{{field_{mark}:", text)
