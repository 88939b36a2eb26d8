"""The records of a batch read field by field instead of record by record: one step for a whole column of values.

What a step needs is then looked up once a column, and the usual column costs its conversions and little else. A row in
which something is missing or cannot be read is `odd`, and is judged by itself once its columns are read.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.plan import Plan, Step

Row = tuple[Any, ...]
"""A record's clean values, one for each of `Columns.names`: None where there is none, and in an odd row the
UnreadableValueError that a value met with."""


class Columns:
    """The fields of a batch that rules speak of. `owners` has for each name its step, None for a price's currency."""

    def __init__(self, plan: Plan, raws: Sequence[dict[str, Any]]) -> None:
        self.names: list[str] = []
        self.owners: list[Step | None] = []
        self.odd: set[int] = set()
        """Indices of the rows that lack a required value or hold an unreadable one."""
        self._values: list[list[Any]] = []
        for step in plan.steps:
            self._add(step, self._read(step, plan, raws))
        self._size = len(raws)

    def rows(self) -> Iterable[Row]:
        """One for each record, in order."""
        return zip(*self._values, strict=True) if self._values else repeat((), self._size)

    def _add(self, step: Step, found: list[Any]) -> None:
        self.names.append(step.name)
        self.owners.append(step)
        if not step.price:
            self._values.append(found)
            return
        readable = [None if isinstance(one, UnreadableValueError) else one for one in found] if self.odd else found
        self._values.append(
            [one if price is None else price.amount for one, price in zip(found, readable, strict=True)]
        )
        if step.currency:
            self.names.append(step.currency)
            self.owners.append(None)
            self._values.append([price.currency or None if price else None for price in readable])

    def _read(self, step: Step, plan: Plan, raws: Sequence[dict[str, Any]]) -> list[Any]:
        name, convert, page = step.name, step.convert, plan.page
        try:
            found = [None if (value := raw.get(name)) is None else convert(value, page) for raw in raws]
        except UnreadableValueError:  # each by itself, from the start: conversions are pure
            found = [None if (value := raw.get(name)) is None else _tried(step, value, plan) for raw in raws]
            self.odd.update(index for index, value in enumerate(found) if isinstance(value, UnreadableValueError))
        if step.default is not None:
            found = [step.default if value is None else value for value in found]
        elif step.required:
            self.odd.update(index for index, value in enumerate(found) if value is None)
        return found


def _tried(step: Step, value: Any, plan: Plan) -> Any:
    try:
        return step.convert(value, plan.page)
    except UnreadableValueError as problem:
        return problem.with_traceback(None)  # or each would hold on to the frames it came through
