"""A small language for computed fields: `price * (1 + vat / 100)`, `upper(brand) + " " + name`.

It is parsed here and compiled to closures, never handed to Python: no attribute, no index, no loop, no name but the
record's fields and the functions below, so that what it costs is bounded by its length (MAX_LENGTH characters) and by
MAX_TEXT characters of a result. A missing field is null; arithmetic and comparison with null give null.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

Expression = Callable[[Mapping[str, Any]], Any]
"""A record's fields → the value; None where something that it needs is missing. Raises ExpressionError."""

MAX_LENGTH = 500
MAX_TEXT = 100_000
_DEEPEST = 30

_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_]\w*)|(?P<text>\"[^\"]*\"|'[^']*')"
    r"|(?P<mark>==|!=|<=|>=|[-+*/%<>(),])|(?P<end>$)|(?P<wrong>.))",
    re.ASCII,
)
_BINDS = {"or": 1, "and": 2, "==": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6, "%": 6}
_CONSTANTS: Mapping[str, Any] = {"true": True, "false": False, "null": None}


class ExpressionError(ValueError):
    """An expression that cannot be read, or whose values do not fit together; the text is a sentence for people."""


def parse(source: str) -> Expression:
    """Compiles an expression. Raises ExpressionError, which names the character at which it is wrong."""
    if len(source) > MAX_LENGTH:
        raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters")
    parser = _Parser(source)
    found = parser.expression(0, 0)
    if parser.kind != "end":
        raise parser.error(f"expected an operator or the end, not {parser.token!r}")
    return found


class _Parser:
    """Precedence climbing (Pratt 1973): one token ahead."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._next = 0
        self.at = 0
        self.kind = ""
        self.token = ""
        self._advance()

    def error(self, problem: str) -> ExpressionError:
        return ExpressionError(f"at character {self.at + 1}: {problem}")

    def _advance(self) -> None:
        found = _TOKEN.match(self._source, self._next)
        if found is None or found.lastgroup is None:  # a line break that `.` does not match
            raise ExpressionError(f"at character {self._next + 1}: cannot be read")
        self.kind, self.token, self.at = found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)
        self._next = found.end()
        if self.kind == "wrong":
            raise self.error(f"{self.token!r} has no meaning here")

    def _expect(self, mark: str) -> None:
        if self.token != mark or self.kind != "mark":
            raise self.error(f"expected {mark!r}")
        self._advance()

    def expression(self, binding: int, depth: int) -> Expression:
        """What binds more tightly than `binding`."""
        if depth > _DEEPEST:
            raise self.error(f"nested deeper than {_DEEPEST}")
        left = self._operand(depth)
        while self.kind in ("mark", "name") and _BINDS.get(self.token, 0) > binding:
            operator = self.token
            self._advance()
            left = _binary(operator, left, self.expression(_BINDS[operator], depth + 1))
        return left

    def _operand(self, depth: int) -> Expression:
        kind, token = self.kind, self.token
        if kind == "number":
            self._advance()
            number = float(token)
            return lambda record: number
        if kind == "text":
            self._advance()
            text = token[1:-1]
            return lambda record: text
        if kind == "name":
            return self._named(depth)
        if token == "(":
            self._advance()
            inner = self.expression(0, depth + 1)
            self._expect(")")
            return inner
        if token == "-":
            self._advance()
            value = self.expression(6, depth + 1)
            return lambda record: _calculated("-", 0.0, value(record))
        raise self.error("expected a field, a number, a text or a function" + (f", not {token!r}" if token else ""))

    def _named(self, depth: int) -> Expression:
        name = self.token
        at = self.at
        self._advance()
        if name == "not":
            value = self.expression(3, depth + 1)
            return lambda record: not value(record)
        if self.token != "(":
            if name in _CONSTANTS:
                constant = _CONSTANTS[name]
                return lambda record: constant
            if name in ("and", "or"):
                self.at = at
                raise self.error(f"{name!r} needs a value on each side")
            return lambda record: record.get(name)
        if name not in _FUNCTIONS:
            self.at = at
            raise self.error(f"there is no function {name!r}; there are {', '.join(sorted(_FUNCTIONS))}")
        return self._call(name, at, depth)

    def _call(self, name: str, at: int, depth: int) -> Expression:
        fewest, most, work = _FUNCTIONS[name]
        self._expect("(")
        values: list[Expression] = []
        while self.token != ")" or self.kind != "mark":
            if values:
                self._expect(",")
            values.append(self.expression(0, depth + 1))
        self._advance()
        if not fewest <= len(values) <= most:
            self.at = at
            raise self.error(f"{name} takes {fewest if fewest == most else f'{fewest} to {most}'} values")
        return lambda record: _bounded(work(*(value(record) for value in values)))


def _binary(operator: str, left: Expression, right: Expression) -> Expression:
    if operator == "and":
        return lambda record: right(record) if (value := left(record)) else value
    if operator == "or":
        return lambda record: left(record) or right(record)
    if operator == "==":
        return lambda record: left(record) == right(record)
    if operator == "!=":
        return lambda record: left(record) != right(record)
    if operator in ("<", "<=", ">", ">="):
        return lambda record: _compared(operator, left(record), right(record))
    return lambda record: _calculated(operator, left(record), right(record))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _calculated(operator: str, left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if operator == "+" and (isinstance(left, str) or isinstance(right, str)):
        return _bounded(_text(left) + _text(right))
    if not (_is_number(left) and _is_number(right)):
        raise ExpressionError(f"{_shown(left)} {operator} {_shown(right)} cannot be calculated")
    try:
        return _bounded(_ARITHMETIC[operator](float(left), float(right)))
    except (ZeroDivisionError, OverflowError) as problem:
        raise ExpressionError(f"{_shown(left)} {operator} {_shown(right)} has no result") from problem


_ARITHMETIC: Mapping[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": lambda left, right: left % right,
}


def _compared(operator: str, left: Any, right: Any) -> bool | None:
    if left is None or right is None:
        return None
    if not (_is_number(left) and _is_number(right)) and not (isinstance(left, str) and isinstance(right, str)):
        raise ExpressionError(f"{_shown(left)} {operator} {_shown(right)} cannot be compared")
    less, equal = bool(left < right), bool(left == right)
    return {"<": less, "<=": less or equal, ">": not (less or equal), ">=": not less}[operator]


def _bounded(value: Any) -> Any:
    if isinstance(value, str) and len(value) > MAX_TEXT:
        raise ExpressionError(f"the result is longer than {MAX_TEXT} characters")
    if isinstance(value, float) and not math.isfinite(value):
        raise ExpressionError("the result is no number that can be stored")
    return value


def _shown(value: Any) -> str:
    return repr(value)[:40]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else str(value)
    raise ExpressionError(f"{_shown(value)} is not a text")


def _of_text(work: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: None if None in values else work(*map(_text, values))


def _of_numbers(work: Callable[..., Any]) -> Callable[..., Any]:
    def checked(*values: Any) -> Any:
        if None in values:
            return None
        wrong = [value for value in values if not _is_number(value)]
        if wrong:
            raise ExpressionError(f"{_shown(wrong[0])} is not a number")
        try:
            return float(work(*map(float, values)))
        except (OverflowError, ValueError) as problem:
            raise ExpressionError("the result is no number that can be stored") from problem

    return checked


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _replace(text: str, find: str, to: str) -> str:
    if not find:
        return text
    if len(text) + text.count(find) * (len(to) - len(find)) > MAX_TEXT:
        raise ExpressionError(f"the result is longer than {MAX_TEXT} characters")
    return text.replace(find, to)


def _length(value: Any) -> float | None:
    if value is None:
        return None
    return float(len(value)) if isinstance(value, list) else float(len(_text(value)))


def _join(values: Any, between: Any) -> str | None:
    if values is None:
        return None
    return _text(between).join(_text(value) for value in (values if isinstance(values, list) else [values]))


_FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., Any]]] = {
    "abs": (1, 1, _of_numbers(abs)),
    "round": (1, 2, _of_numbers(lambda value, digits=0.0: round(value, int(max(-15, min(15, digits)))))),
    "floor": (1, 1, _of_numbers(math.floor)),
    "ceil": (1, 1, _of_numbers(math.ceil)),
    "min": (1, 10, _of_numbers(lambda *values: min(values))),
    "max": (1, 10, _of_numbers(lambda *values: max(values))),
    "number": (1, 1, _of_text(_number)),
    "text": (1, 1, _of_text(lambda text: text)),
    "lower": (1, 1, _of_text(str.lower)),
    "upper": (1, 1, _of_text(str.upper)),
    "trim": (1, 1, _of_text(str.strip)),
    "length": (1, 1, _length),
    "contains": (2, 2, _of_text(lambda text, part: part in text)),
    "starts_with": (2, 2, _of_text(str.startswith)),
    "ends_with": (2, 2, _of_text(str.endswith)),
    "replace": (3, 3, _of_text(_replace)),
    "join": (2, 2, _join),
    "coalesce": (1, 10, lambda *values: next((value for value in values if value is not None), None)),
    "if": (3, 3, lambda condition, then, otherwise: then if condition else otherwise),
}
"""Name → fewest values, most values, what it does."""
