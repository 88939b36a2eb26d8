"""JSON as hosts write it, made into what every later stage can write again."""

import json
import re
from math import isfinite
from typing import Any

import orjson

from streams.extraction.errors import UnreadableError

MAX_DEPTH = 254
"""Levels of nesting; what is deeper, orjson does not write, and no page means."""

MAX_LINES = 50_000
"""Values taken from one body of JSON lines."""

_SPECIAL = re.compile(r"(?<![\d.])-?\d{19}|\b(?:NaN|Infinity)\b|\\u0000|\\u[dD][89abcdefABCDEF]|[eE][+-]?\d{3}")
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")
_INT64 = range(-(2**63), 2**64)


def read_json(text: str, notes: list[str]) -> Any:
    """The value. Raises UnreadableError `extract_failed` for what is no JSON.

    NaN and Infinity, which JSON does not have and hosts write all the same, and numbers beyond a double are null;
    integers beyond 64 bits are strings, since a number would lose their digits; half a surrogate pair is U+FFFD.
    """
    try:
        value = _exact(text, notes) if _SPECIAL.search(text) else orjson.loads(text)
        orjson.dumps(value)
    except RecursionError:
        raise _too_deep() from None
    except ValueError as problem:
        if "depth limit" in str(problem):
            raise _too_deep() from None
        raise UnreadableError("extract_failed", f"The page is not JSON: {_shown(problem)}.") from problem
    except TypeError:  # orjson's own limit when it writes
        raise _too_deep() from None
    return value


def read_json_lines(text: str, notes: list[str]) -> list[Any]:
    """The value of each line that is not blank, as `read_json` has it; RFC 7464's record separators are blanks."""
    values: list[Any] = []
    for number, line in enumerate(text.replace("\x1e", "").split("\n"), 1):
        if not line or line.isspace():
            continue
        if len(values) == MAX_LINES:
            notes.append(f"The page has more than {MAX_LINES} lines of JSON; the rest was left out.")
            break
        try:
            values.append(read_json(line, notes))
        except UnreadableError as problem:
            raise UnreadableError(problem.outcome, f"Line {number}: {problem}") from problem
    return values


def _exact(text: str, notes: list[str]) -> Any:
    lost: set[str] = set()

    def no_number(word: str) -> None:
        lost.add(word[:30])

    def integer(digits: str) -> int | str:
        number = int(digits) if len(digits) <= 20 else None
        return number if number is not None and number in _INT64 else digits

    def real(digits: str) -> float | None:
        number = float(digits)
        if isfinite(number):
            return number
        lost.add(digits[:30])
        return None

    value = json.loads(
        _NUL.sub(r"\1", text), parse_constant=no_number, parse_int=integer, parse_float=real, strict=False
    )
    if lost:
        _note(notes, f"Numbers that JSON does not have were left out: {', '.join(sorted(lost)[:5])}.")
    written = json.dumps(value, ensure_ascii=False)
    whole = written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value if whole == written else json.loads(whole)


def _note(notes: list[str], sentence: str) -> None:
    if sentence not in notes:
        notes.append(sentence)


def _too_deep() -> UnreadableError:
    return UnreadableError("extract_failed", f"The page's JSON nests deeper than {MAX_DEPTH} levels.")


def _shown(problem: ValueError) -> str:
    return str(problem)[:300].rstrip(".")
