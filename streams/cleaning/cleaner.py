"""One raw batch in, one clean batch out: pure, without memory, the same for the same batch."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from schemas.events.records import CleanBatch, CleanRecord, CleanRules, RecordBatch
from schemas.ids import record_ids
from streams.cleaning.columns import Columns, Row
from streams.cleaning.errors import UnreadableValueError, UnusableRulesError
from streams.cleaning.filters import Filter, compile_filters
from streams.cleaning.keys import record_key
from streams.cleaning.languages import language_of
from streams.cleaning.pipelines import Compiled, compute
from streams.cleaning.plan import Plan, plan_of
from streams.cleaning.scores import Scorer
from streams.cleaning.types.prices import Price
from streams.cleaning.types.texts import tidy
from streams.cleaning.types.untyped import to_json

RejectCode = Literal[
    "missing_required", "unreadable_required", "invalid_value", "invalid_record", "invalid_rules", "too_large"
]
T = TypeVar("T")

_WATCHED: Mapping[str, Literal["number", "price"]] = {"number": "number", "price": "price"}
"""What trends may watch."""
_CHOSEN_BY: Mapping[str, Literal["boolean", "date", "list"]] = {"boolean": "boolean", "date": "date", "list": "list"}
"""What the warehouse has columns for, beside numbers."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that cannot be used: its place in the raw batch, itself, and why."""

    index: int
    record: dict[str, Any]
    code: RejectCode
    reason: str


@dataclass(frozen=True, slots=True)
class Cleaned:
    """counted_in = records + rejected + filtered, always. `unreadable` counts values left out, by field."""

    batch: CleanBatch
    rejects: list[Rejected]
    unreadable: Mapping[str, int]


class _Reject(Exception):
    def __init__(self, code: RejectCode, reason: str) -> None:
        super().__init__(reason)
        self.code: RejectCode = code
        self.reason = reason


@dataclass(slots=True)
class _Line:
    """A batch under way."""

    plan: Plan
    unreadable: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    """Values of the record at hand that could not be read."""

    def lose(self, name: str) -> None:
        """One more that is left out."""
        self.unreadable[name] += 1
        self.lost += 1


def clean(batch: RecordBatch) -> Cleaned:
    """Cleans every record of a batch. Never raises, whatever JSON the records are.

    A field's value is converted to its type; a blank one counts as missing; a missing one takes the default. A
    record that then lacks a required field is rejected. A value that is not of its field's type is left out and
    counted in `unreadable`: the rest of the record is still true. It takes no default, which speaks of pages that
    say nothing. Fields without a rule are kept, tidied. A price `p` puts its currency into `p_currency`, unless a
    rule has that name. The job's pipelines come around that: steps before a value is converted, checks after it;
    then computed fields, and the schema of the whole record. Records that the job's filters do not want are left out
    and counted.
    """
    try:
        plan = plan_of(batch)
    except UnusableRulesError as problem:
        rejects = [Rejected(index, raw, "invalid_rules", str(problem)) for index, raw in enumerate(batch.records)]
        return Cleaned(_clean_batch(batch, [], len(rejects), 0), rejects, {})
    return _cleaned(batch, plan)


def _cleaned(batch: RecordBatch, plan: Plan) -> Cleaned:
    filters = compile_filters(batch.rules)
    key = batch.rules.key
    records: list[CleanRecord] = []
    rejects: list[Rejected] = []
    filtered = 0
    scorer = Scorer(batch.rules, language_of)
    columns, line = Columns(plan, batch.records), _Line(plan)
    identities = record_ids(batch.id, len(batch.records))
    for index, (raw, row) in enumerate(zip(batch.records, columns.rows(), strict=True)):
        line.lost = 0
        try:
            data = _data(raw, row, columns, line, odd=index in columns.odd)
        except _Reject as problem:
            rejects.append(Rejected(index, raw, problem.code, problem.reason))
            continue
        if filters and not _wanted(data, filters):
            filtered += 1
            continue
        completeness, quality, language, words, category, data_type = scorer.of(data, line.lost)
        records.append(
            CleanRecord(
                id=identities[index],
                key=record_key(data, key),
                data=data,
                completeness=completeness,
                quality=quality,
                language=language,
                word_count=words,
                category=category,
                data_type=data_type,
            )
        )
    return Cleaned(_clean_batch(batch, records, len(rejects), filtered), rejects, line.unreadable)


def given_up(batch: RecordBatch) -> CleanBatch:
    """The clean batch of one that cannot be cleaned: all of its records are rejected, so that its run's sums close."""
    return _clean_batch(batch, [], len(batch.records), 0)


def _data(raw: dict[str, Any], row: Row, columns: Columns, line: _Line, *, odd: bool) -> dict[str, Any]:
    if odd:
        data = _judged(row, columns, line)
    else:
        data = {name: value for name, value in zip(columns.names, row, strict=True) if value is not None}
    plan = line.plan
    if not plan.ruled.issuperset(raw):
        _keep_others(raw, data, line)
    if plan.compiled is not None:
        _complete(data, line, plan.compiled)
    return data


def _judged(row: Row, columns: Columns, line: _Line) -> dict[str, Any]:
    """A row in which something is missing or unreadable, field by field in the order of the rules."""
    data: dict[str, Any] = {}
    for name, step, value in zip(columns.names, columns.owners, row, strict=True):
        if isinstance(value, UnreadableValueError):
            if step and (step.required or step.strict):
                raise _Reject("invalid_value" if step.strict else "unreadable_required", f"{name}: {value}") from value
            line.lose(name)
        elif value is not None:
            data[name] = value
        elif step and step.required:
            raise _Reject("missing_required", f"{name} is required and has no value.")
    return data


def _complete(data: dict[str, Any], line: _Line, compiled: Compiled) -> None:
    """Computed fields, each in the order of the job, so that one may use those before it; then the schema."""
    for name, expression in compiled.computed.items():
        step = line.plan.computed[name]
        try:
            value = compute(expression, data)
            value = None if value is None else step.convert(value, line.plan.page)
        except UnreadableValueError as problem:
            if step.required or step.strict:
                raise _Reject("invalid_value", f"{name}: {problem}") from problem
            line.lose(name)
            continue
        if value is None and step.required:
            raise _Reject("missing_required", f"{name} is required, and what it is computed from has no value.")
        if value is not None:
            data[name] = value.amount if isinstance(value, Price) else value
    wrong = compiled.schema.problem(data) if compiled.schema else ""
    if wrong:
        raise _Reject("invalid_record", wrong)


def _keep_others(raw: dict[str, Any], data: dict[str, Any], line: _Line) -> None:
    """Fields that no rule speaks of; one that is named like a price's currency was said, and beats what was guessed."""
    for name, value in raw.items():
        if name in line.plan.ruled:
            continue
        kept_name = tidy(name)
        try:
            kept = to_json(value)
        except UnreadableValueError:
            line.lose(kept_name)
            continue
        if kept is not None and kept_name not in line.plan.ruled:
            data[kept_name] = kept


def _wanted(data: dict[str, Any], filters: list[Filter]) -> bool:
    return all(passes(data) for passes in filters)


def _clean_batch(batch: RecordBatch, records: list[CleanRecord], rejected: int, filtered: int) -> CleanBatch:
    return CleanBatch(
        id=batch.id,
        dataset=batch.dataset,
        run_id=batch.run_id,
        job_id=batch.job_id,
        url=batch.url,
        url_fp=batch.url_fp,
        fetch_id=batch.fetch_id,
        fetched_at=batch.fetched_at,
        part=batch.part,
        revision=batch.revision,
        counted_in=len(batch.records),
        rejected=rejected,
        filtered=filtered,
        numeric=_having(batch.rules, records, _WATCHED),
        typed=_having(batch.rules, records, _CHOSEN_BY),
        records=records,
        trends=batch.rules.trends,
    )


def _having(rules: CleanRules, records: list[CleanRecord], types: Mapping[str, T]) -> dict[str, T]:
    """The fields of these types that at least one record has. A list of objects is none of texts."""
    return {
        name: types[rule.type]
        for name, rule in rules.fields.items()
        if rule.type in types
        and not (rule.type == "list" and rule.fields)
        and any(name in record.data for record in records)
    }
