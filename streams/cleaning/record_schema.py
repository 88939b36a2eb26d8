"""The job's JSON Schema for clean records, compiled once and with an end to what it may cost."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from streams.cleaning.errors import CleaningError, UnreadableValueError
from streams.cleaning.steps import OVER, Budget, Pattern

RECORD_S = 0.25
"""Seconds that one record's check may take."""

_NAME = "$schema"  # no regular expression that could match, so that it is none's name

_canonical = msgspec.json.Encoder(order="sorted")


class _TooLong(CleaningError):
    """The time for a record's check is over."""


class RecordSchema:
    """Says what is wrong with a record. A schema that has taken too long rejects the rest of its batch unasked."""

    def __init__(self, schema: dict[str, Any], budget: Budget) -> None:
        self._until = 0.0
        self._budget = budget
        self._patterns: dict[str, Pattern] = {}
        keywords = {name: self._timed(check) for name, check in Draft202012Validator.VALIDATORS.items()}
        keywords |= {"pattern": self._timed(self._pattern), "uniqueItems": self._timed(_unique)}
        timed: Any = extend(Draft202012Validator, keywords)  # type: ignore[no-untyped-call]
        self._validator: Any = timed(schema)

    def problem(self, data: dict[str, Any]) -> str:
        """What is wrong first, with its place; empty where nothing is."""
        budget = self._budget
        if _NAME in budget.spent:
            return "Checking the schema took too long in this batch."
        if budget.left <= 0:
            return f"The schema was not tried: {OVER}"
        began, left = time.monotonic(), budget.left
        self._until = began + RECORD_S
        try:
            error = next(self._validator.iter_errors(data), None)
        except (_TooLong, RecursionError):
            budget.spent.add(_NAME)
            return f"Checking the schema took longer than {RECORD_S} s."
        except Exception as problem:  # a schema of others: whatever the library stumbles over is said
            return f"The schema cannot be applied: {problem!r}"[:500]
        finally:
            budget.left = left - (time.monotonic() - began)  # what its own patterns took is a part of that
        return "" if error is None else f"{error.json_path}: {error.message}"[:500]

    def _timed(self, check: Callable[..., Any]) -> Callable[..., Iterator[ValidationError]]:
        def timed(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
            if time.monotonic() > self._until:
                raise _TooLong("A record's time is over.")
            yield from check(validator, value, instance, schema) or ()

        return timed

    def _pattern(self, validator: Any, source: str, instance: Any, schema: Any) -> Iterator[ValidationError]:
        if not isinstance(instance, str):
            return
        if source not in self._patterns:
            self._patterns[source] = Pattern(source, self._budget)
        try:
            if not self._patterns[source].found_in(instance):
                yield ValidationError(f"{instance[:80]!r} does not match {source!r}")
        except UnreadableValueError as problem:
            yield ValidationError(str(problem))


def _unique(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    """The library compares each entry with each; entries are equal where their canonical JSON is."""
    listed = wanted and isinstance(instance, list)
    if listed and len({_canonical.encode(entry) for entry in instance}) < len(instance):
        yield ValidationError("it has the same entry twice")
