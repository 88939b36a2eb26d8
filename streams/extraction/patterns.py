"""Regular expressions of a job, with a bound on their time: a person writes them, and some never end (`(a+)+$`)."""

from collections.abc import Iterator

import regex  # type: ignore[import-untyped]

from streams.extraction.errors import RuleError

PATTERN_SECONDS = 0.25
"""Seconds for one expression on one text. A page that needs more fails: silence would look as if nothing was there."""


class Expression:
    """One compiled expression: what it keeps of a text. Raises RuleError, with the position, for what is none."""

    __slots__ = ("_compiled", "_place")

    def __init__(self, text: str, place: str) -> None:
        self._place = place
        try:
            self._compiled = regex.compile(text)
        except (regex.error, OverflowError, RecursionError) as problem:
            position = getattr(problem, "pos", None)
            where = "" if position is None else f", at character {position + 1}"
            said = getattr(problem, "msg", problem)
            raise RuleError(place, f"{text[:200]!r} is not a regular expression: {said}{where}.") from problem

    def kept(self, text: str) -> Iterator[str]:
        """The first group of each match, or all of it where there is no group; blank ones are passed over."""
        group = 1 if self._compiled.groups else 0
        try:
            for match in self._compiled.finditer(text, timeout=PATTERN_SECONDS):
                found = match[group]
                if found and not found.isspace():
                    yield found
        except TimeoutError as problem:
            raise RuleError(self._place, f"took longer than {PATTERN_SECONDS} s on a text of this page.") from problem
