"""A job's pipelines, compiled once for all batches that carry the same ones."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec

from schemas.events.pipelines import FieldPipeline, Pipelines
from schemas.events.records import CleanRules, FieldRule, FieldType
from schemas.expressions import Expression, ExpressionError, parse
from schemas.job.clean import MOST_PATTERNS
from schemas.job.record_schema import check_record_schema
from schemas.job.strings import check_pattern
from streams.cleaning.checks import checks_of
from streams.cleaning.errors import UnreadableValueError, UnusableRulesError
from streams.cleaning.locales import located
from streams.cleaning.record_schema import RecordSchema
from streams.cleaning.steps import Budget, compiled
from streams.cleaning.types import Converter, converter_of
from streams.cleaning.types.page import Page

_AS_FOUND = frozenset({"html", "markdown", "object"})
"""Types whose texts have lines that mean something: they are not tidied before their steps."""

_canonical = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(tuple[Pipelines, dict[str, FieldRule]])


@dataclass(slots=True)
class Compiled:
    """`begin` is said before each batch."""

    pipelines: Pipelines
    computed: Mapping[str, Expression]
    budget: Budget
    schema: RecordSchema | None
    converters: Mapping[str, Converter]
    """By field: its converter with the steps before it and the checks after it."""

    def begin(self) -> None:
        """Forgets what took too long in the batch before."""
        self.budget.begin()

    def strict(self, name: str) -> bool:
        """Whether a wrong value of this field rejects its record."""
        pipeline = self.pipelines.fields.get(name)
        return pipeline is not None and pipeline.strict


def compile_pipelines(rules: CleanRules) -> Compiled | None:
    """None where the job says nothing. Raises UnusableRulesError for rules that no job could have."""
    if rules.pipelines is None:
        return None
    try:
        found = _compile(_canonical.encode((rules.pipelines, rules.fields)))
    except (ValueError, TypeError, re.error, OverflowError, RecursionError, msgspec.MsgspecError) as problem:
        raise UnusableRulesError(f"The rules that the batch brings cannot be used: {problem}"[:1000]) from problem
    found.begin()
    return found


@lru_cache(maxsize=256)
def _compile(encoded: bytes) -> Compiled:
    pipelines, fields = _decoder.decode(encoded)
    patterns = _patterns(pipelines)
    if len(patterns) > MOST_PATTERNS:
        raise ValueError(f"there are {len(patterns)} regular expressions; at most {MOST_PATTERNS}")
    for pattern in patterns:
        check_pattern(pattern)
    budget = Budget()
    if pipelines.schema:
        check_record_schema(pipelines.schema)
    rules = {name: fields.get(name, FieldRule()) for name in pipelines.fields}
    return Compiled(
        pipelines,
        {name: parse(source) for name, source in pipelines.computed.items()},
        budget,
        RecordSchema(pipelines.schema, budget) if pipelines.schema else None,
        {
            name: _around(pipeline, rules[name].type, converter_of(rules[name]), budget)
            for name, pipeline in pipelines.fields.items()
        },
    )


def _patterns(pipelines: Pipelines) -> list[str]:
    steps = [step.find for field in pipelines.fields.values() for step in field.steps if step.do == "regex"]
    return steps + [field.pattern for field in pipelines.fields.values() if field.pattern]


def compute(expression: Expression, data: dict[str, Any]) -> Any:
    """A computed value. Raises UnreadableValueError where the fields do not fit together."""
    try:
        return expression(data)
    except ExpressionError as problem:
        raise UnreadableValueError(f"{problem}.") from problem


def _around(pipeline: FieldPipeline, kind: FieldType, convert: Converter, budget: Budget) -> Converter:
    steps = compiled(pipeline.steps, budget, tidied=kind not in _AS_FOUND) if pipeline.steps else None
    read = located(kind, pipeline, convert)
    checks = checks_of(pipeline, kind, budget)

    def prepared(value: Any, page: Page) -> Any:
        if steps is not None:
            if isinstance(value, str):
                value = steps(value, page)
            elif isinstance(value, list):
                value = [steps(entry, page) if isinstance(entry, str) else entry for entry in value]
        if value is None:
            return None
        clean = read(value, page)
        if clean is not None:
            for check in checks:
                check(clean)
        return clean

    return prepared
