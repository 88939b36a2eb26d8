"""The steps of a pipeline over one text, before its type is read."""

from collections.abc import Callable
from time import monotonic
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
"""Seconds that a regular expression may take over one text. One that takes longer is not tried again in its batch."""

BATCH_S = 2.0
"""Seconds that a batch's regular expressions and its JSON Schema may take together, whatever each text takes: its rules
may be a stranger's, and many batches wait behind it. Once they are over none is tried."""

OVER = f"the {BATCH_S:g} s that the regular expressions and the schema of a batch have together were over."

Work = Callable[[str, Page], Any]
"""A text and its page → what becomes of it: a text, another plain value from a map, or None for no value."""


class Budget:
    """The seconds that are left to the rules of the batch at hand, and which of them took too long in it; `begin`
    forgets that, since each batch is cleaned for itself."""

    def __init__(self) -> None:
        self.left = BATCH_S
        self.spent: set[str] = set()

    def begin(self) -> None:
        """The next batch."""
        self.left = BATCH_S
        self.spent.clear()


class Pattern:
    """A regular expression with an end."""

    def __init__(self, source: str, budget: Budget) -> None:
        self._pattern = regex.compile(source)
        self._budget = budget
        self._source = source

    def found_in(self, text: str) -> bool:
        """Whether it is found. Raises UnreadableValueError where that cannot be said."""
        return self._bounded(text, self._pattern.search, text) is not None

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

        return str(self._bounded(text, self._pattern.sub, one, text))

    def _bounded(self, text: str, work: Callable[..., Any], *what: Any) -> Any:
        budget = self._budget
        if self._source in budget.spent:
            raise UnreadableValueError(f"regex {self._source[:60]!r} took too long in this batch.")
        if budget.left <= 0:
            raise UnreadableValueError(f"regex {self._source[:60]!r} was not tried: {OVER}")
        if len(text) > MAX_SEARCHED:
            raise UnreadableValueError(f"a text of {len(text)} characters is too long for a regular expression.")
        began = monotonic()
        try:
            return work(*what, timeout=PATTERN_S)
        except TimeoutError as problem:
            budget.spent.add(self._source)
            raise UnreadableValueError(f"regex {self._source[:60]!r} took longer than {PATTERN_S} s.") from problem
        except (regex.error, IndexError, RecursionError, MemoryError) as problem:
            raise UnreadableValueError(f"regex {self._source[:60]!r}: {problem}") from problem
        finally:
            budget.left -= monotonic() - began


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
