"""What is done with a batch's records, decided once a batch: which fields are read how, and what comes after."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from schemas.events.records import CleanRules, FieldRule, RecordBatch
from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.pipelines import Compiled, compile_pipelines
from streams.cleaning.types import Converter, converter_of
from streams.cleaning.types.page import Page
from streams.cleaning.types.untyped import to_json


@dataclass(frozen=True, slots=True)
class Step:
    """What is done with one field; `currency` is the name for that of a price, None where it is taken."""

    name: str
    convert: Converter
    required: bool
    strict: bool
    default: Any
    price: bool
    currency: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """`steps` read fields of the raw record, `computed` those of the clean one; `ruled` are all with a rule."""

    page: Page
    steps: list[Step]
    ruled: frozenset[str]
    compiled: Compiled | None
    computed: dict[str, Step]


def plan_of(batch: RecordBatch) -> Plan:
    """The plan of a batch. Raises UnusableRulesError for rules that no job could have."""
    rules = batch.rules
    page = Page(batch.url, batch.fetched_at)
    compiled = compile_pipelines(rules)
    computed = {} if compiled is None else {name: _computed(name, rules, page, compiled) for name in compiled.computed}
    steps = [_step(name, rule, rules.fields, page, compiled) for name, rule in rules.fields.items()
             if name not in computed]  # fmt: skip
    return Plan(page, steps, frozenset(rules.fields), compiled, computed)


def _computed(name: str, rules: CleanRules, page: Page, compiled: Compiled) -> Step:
    """A computed field is kept as it is computed, unless a rule says what it is."""
    if name in rules.fields:
        return _step(name, rules.fields[name], rules.fields, page, compiled)
    return Step(name, lambda value, page: to_json(value), False, False, None, False, None)


def _step(name: str, rule: FieldRule, fields: Mapping[str, FieldRule], page: Page, compiled: Compiled | None) -> Step:
    convert = converter_of(rule)
    default = None
    if rule.default is not None:
        try:
            default = convert(rule.default, page)
        except UnreadableValueError:
            default = None  # a default that is not of the field's type can be nobody's value
    currency = f"{name}_currency"
    strict = False
    if compiled is not None:
        convert, strict = compiled.converters.get(name, convert), compiled.strict(name)
    return Step(name, convert, rule.required, strict, default, rule.type == "price",
                None if currency in fields else currency)  # fmt: skip
