"""What a clean value must be: bounds, lengths, patterns, lists of values."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from schemas.events.pipelines import FieldPipeline
from schemas.events.records import FieldType
from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.steps import Budget, Pattern
from streams.cleaning.types.dates import to_date
from streams.cleaning.types.page import Page
from streams.cleaning.types.prices import Price

Check = Callable[[Any], None]
"""Raises UnreadableValueError, whose sentence says what is allowed."""


def checks_of(pipeline: FieldPipeline, kind: FieldType, budget: Budget) -> list[Check]:
    """One check for each thing that is asked; the same rules give the same checks."""
    found: list[Check] = []
    if pipeline.minimum is not None or pipeline.maximum is not None:
        found.append(_bounds(pipeline, kind))
    if pipeline.shortest is not None or pipeline.longest is not None:
        found.append(_lengths(pipeline))
    if pipeline.pattern:
        found.append(_pattern(pipeline.pattern, budget))
    if pipeline.one_of:
        found.append(_one_of(pipeline.one_of))
    return found


def _bounds(pipeline: FieldPipeline, kind: FieldType) -> Check:
    low, high = _comparable(pipeline.minimum, kind), _comparable(pipeline.maximum, kind)
    between = f"between {pipeline.minimum} and {pipeline.maximum}"
    if high is None:
        between = f"at least {pipeline.minimum}"
    elif low is None:
        between = f"at most {pipeline.maximum}"

    def check(value: Any) -> None:
        compared = _comparable(value, kind)
        if compared is None or (low is not None and compared < low) or (high is not None and compared > high):
            raise UnreadableValueError(f"{_shown(value)} is not {between}.")

    return check


def _comparable(value: Any, kind: FieldType) -> float | None:
    """A number, or a date's seconds; None for what is neither."""
    if isinstance(value, Price):
        return value.amount
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and kind == "date":
        try:
            said = to_date(value, Page())
        except UnreadableValueError:
            return None
        return datetime.fromisoformat(said).timestamp() if said else None
    return None


def _lengths(pipeline: FieldPipeline) -> Check:
    shortest, longest = pipeline.shortest or 0, pipeline.longest

    def check(value: Any) -> None:
        size = len(value) if isinstance(value, str | list) and not isinstance(value, Price) else 1
        if size < shortest or (longest is not None and size > longest):
            allowed = f"at least {shortest}" if longest is None else f"between {shortest} and {longest}"
            raise UnreadableValueError(f"it has a length of {size}, not {allowed}.")

    return check


def _pattern(source: str, budget: Budget) -> Check:
    pattern = Pattern(source, budget)

    def check(value: Any) -> None:
        for text in value if isinstance(value, list) else [value]:
            if not isinstance(text, str):
                raise UnreadableValueError(f"{_shown(text)} is no text, and so has no pattern.")
            if not pattern.found_in(text):
                raise UnreadableValueError(f"{_shown(text)} does not match {source[:100]!r}.")

    return check


def _one_of(allowed: list[Any]) -> Check:
    names = ", ".join(_shown(one) for one in allowed[:10]) + (" …" if len(allowed) > 10 else "")
    values = frozenset((isinstance(one, bool), one) for one in allowed)

    def check(value: Any) -> None:
        for one in value if isinstance(value, list) else [value]:
            plain = one.amount if isinstance(one, Price) else one
            if not isinstance(plain, str | int | float) or (isinstance(plain, bool), plain) not in values:
                raise UnreadableValueError(f"{_shown(plain)} is none of {names}.")

    return check


def _shown(value: Any) -> str:
    return repr(value.amount if isinstance(value, Price) else value)[:80]
