"""JSONPath (RFC 9535), compiled once: a value of JSON goes in, the values that it selects come out."""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import regex  # type: ignore[import-untyped]
from jsonpath import JSONPathEnvironment
from jsonpath.exceptions import JSONPathError, JSONPathRecursionError
from jsonpath.function_extensions import ExpressionType, FilterFunction

from streams.extraction.errors import RuleError

MAX_DESCENTS = 2
"""How often `..` may stand in a path: each one looks through everything below what the one before found."""

MAX_VISITED = 400_000
"""Values looked at by one path on one page; some two seconds."""

_PATTERN_SECONDS = 0.05


class _Expression(FilterFunction):
    """match() and search() of RFC 9535 with a bound on their time, which the library's own have not."""

    arg_types = [ExpressionType.VALUE, ExpressionType.VALUE]
    return_type = ExpressionType.LOGICAL

    def __init__(self, whole: bool) -> None:
        self._find = regex.fullmatch if whole else regex.search

    def __call__(self, value: object, pattern: object) -> bool:
        if not isinstance(value, str) or not isinstance(pattern, str) or len(pattern) > 500:
            return False
        try:
            return self._find(pattern, value, timeout=_PATTERN_SECONDS) is not None
        except (regex.error, TimeoutError, OverflowError, RecursionError):
            return False


class _Environment(JSONPathEnvironment):
    max_recursion_depth = 200

    def setup_function_extensions(self) -> None:
        super().setup_function_extensions()
        self.function_extensions["match"] = _Expression(whole=True)
        self.function_extensions["search"] = _Expression(whole=False)


_ENVIRONMENT = _Environment(strict=True)


class JsonPath:
    """One compiled path. Raises RuleError, with the position, for what is none."""

    def __init__(self, text: str, place: str) -> None:
        self._place = place
        try:
            self._path = _compiled(text)
        except (JSONPathError, RecursionError) as problem:
            raise RuleError(place, f"{text[:200]!r} is not a JSONPath: {_reason(problem, text)}.") from problem
        if text.count("..") > MAX_DESCENTS:
            raise RuleError(place, f"has more than {MAX_DESCENTS} times `..`; name the way to what you want.")

    def found(self, value: Any) -> Iterator[Any]:
        """The selected values in the order of the document. RuleError where a value is nested too deeply for it."""
        if isinstance(value, str):  # which the library would take for a document to be parsed
            if not self._path.segments:
                yield value
            return
        try:
            for seen, match in enumerate(self._path.finditer(value)):
                if seen >= MAX_VISITED:
                    raise RuleError(self._place, f"selects more than {MAX_VISITED} values on this page.")
                yield match.obj
        except JSONPathRecursionError as problem:
            raise RuleError(self._place, "goes deeper into this page's JSON than 200 levels.") from problem
        except (JSONPathError, RecursionError) as problem:
            raise RuleError(self._place, "could not be evaluated on this page.") from problem


@lru_cache(maxsize=1000)
def _compiled(text: str) -> Any:
    return _ENVIRONMENT.compile(text)


def _reason(problem: Exception, text: str) -> str:
    token = getattr(problem, "token", None)
    index = getattr(token, "index", -1)
    said = str(problem.args[0]) if problem.args else "it is nested too deeply"
    return f"{said}, at character {(index if index >= 0 else len(text)) + 1}"
