"""The steps of a pipeline over one text, before its type is read."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urljoin

import regex  # type: ignore[import-untyped]

from schemas.events.pipelines import CleanStep
from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.page import Page
from streams.cleaning.types.texts import tidy

MAX_TEXT = 1_000_000
"""Characters that a step may make of a text."""

MAX_SEARCHED = 100_000
"""Characters of a text that a regular expression is applied to."""

PATTERN_S = 0.25
"""Seconds that a regular expression may take over one text. One that takes longer is not tried again in its batch: so
many seconds, times the patterns of a job, is all that a batch can cost."""

Work = Callable[[str, Page], Any]
"""A text and its page → what becomes of it: a text, another plain value from a map, or None for no value."""


class Budget:
    """What has taken too long in the batch at hand; `begin` forgets it, since each batch is cleaned for itself."""

    def __init__(self) -> None:
        self.spent: set[str] = set()

    def begin(self) -> None:
        """The next batch."""
        self.spent.clear()


class Pattern:
    """A regular expression with an end."""

    def __init__(self, source: str, budget: Budget) -> None:
        self._pattern = regex.compile(source)
        self._budget = budget
        self._source = source

    def found_in(self, text: str) -> bool:
        """Whether it is found. Raises UnreadableValueError where that cannot be said."""
        return bool(self._bounded(text, lambda: self._pattern.search(text, timeout=PATTERN_S)))

    def replaced(self, text: str, to: str) -> str:
        """The text with `to` for every match."""
        room = MAX_TEXT - len(text)

        def one(match: Any) -> str:
            nonlocal room
            put: str = match.expand(to) if "\\" in to else to
            room -= len(put)
            if room < 0:
                raise UnreadableValueError(f"regex: what it makes is longer than {MAX_TEXT} characters.")
            return put

        return str(self._bounded(text, lambda: self._pattern.sub(one, text, timeout=PATTERN_S)))

    def _bounded(self, text: str, work: Callable[[], Any]) -> Any:
        if self._source in self._budget.spent:
            raise UnreadableValueError(f"regex {self._source[:60]!r} took too long in this batch.")
        if len(text) > MAX_SEARCHED:
            raise UnreadableValueError(f"a text of {len(text)} characters is too long for a regular expression.")
        try:
            return work()
        except TimeoutError as problem:
            self._budget.spent.add(self._source)
            raise UnreadableValueError(f"regex {self._source[:60]!r} took longer than {PATTERN_S} s.") from problem
        except (regex.error, IndexError, RecursionError, MemoryError) as problem:
            raise UnreadableValueError(f"regex {self._source[:60]!r}: {problem}") from problem


def compiled(steps: list[CleanStep], budget: Budget, *, tidied: bool) -> Work:
    """All steps in order. Fields of one line are tidied first, so that a map or pattern sees what people see."""
    works = [_work(step, budget) for step in steps]

    def run(text: str, page: Page) -> Any:
        value: Any = tidy(text) if tidied else text
        for work in works:
            if not isinstance(value, str):
                return value
            value = work(value, page)
        return value

    return run


def _work(step: CleanStep, budget: Budget) -> Work:
    find, to, table = step.find, step.to, step.table
    if step.do == "regex":
        pattern = Pattern(find, budget)
        return lambda text, page: pattern.replaced(text, to)
    if step.do == "replace":
        return lambda text, page: _replaced(text, find, to)
    if step.do == "map":
        if step.drop:
            return lambda text, page: table.get(text)
        return lambda text, page: table.get(text, text)
    return _WORDS[step.do]


def _replaced(text: str, find: str, to: str) -> str:
    if len(text) + text.count(find) * (len(to) - len(find)) > MAX_TEXT:
        raise UnreadableValueError(f"replace: what it makes is longer than {MAX_TEXT} characters.")
    return text.replace(find, to)


def _absolute(text: str, page: Page) -> str:
    try:
        return urljoin(page.url, text.strip())
    except ValueError as problem:
        raise UnreadableValueError(f"{text[:80]!r} is not an address: {problem}") from problem


_WORDS: dict[str, Work] = {
    "trim": lambda text, page: text.strip(),
    "collapse": lambda text, page: tidy(text),
    "lower": lambda text, page: text.lower(),
    "upper": lambda text, page: text.upper(),
    "title": lambda text, page: text.title(),
    "absolute": _absolute,
}
