"""Paths of properties in structured data: `Product.offers.price`."""

import re
from collections.abc import Iterator
from typing import Any

from streams.extraction.errors import RuleError

_STEP = re.compile(r"[@\w][\w:/-]*")

MAX_VISITED = 100_000
"""Objects and lists looked into for one path on one page."""


class PropertyPath:
    """One compiled path. Raises RuleError, with the position, for what is none.

    A first step with a capital is a type: the items of that type, wherever they stand, in the order of the page;
    without it the items that stand by themselves. Every other step is a property of each object reached so far; lists
    are gone through. `https://schema.org/Product` is of type Product.
    """

    __slots__ = ("_steps", "_type")

    def __init__(self, text: str, place: str) -> None:
        steps, position = [], 0
        for step in text.split("."):
            if not _STEP.fullmatch(step):
                raise RuleError(
                    place, f"{text!r} is not a path of properties: a name is expected at character {position + 1}."
                )
            steps.append(step)
            position += len(step) + 1
        self._type = steps.pop(0) if steps[0][0].isupper() else None
        self._steps = steps

    def found(self, items: list[Any]) -> Iterator[Any]:
        """What the path leads to, in the order of the page."""
        starts = items if self._type is None else _of_type(items, self._type)
        for start in starts:
            yield from self._below(start, 0)

    def _below(self, value: Any, step: int) -> Iterator[Any]:
        if isinstance(value, list):
            for part in value:
                yield from self._below(part, step)
        elif step == len(self._steps):
            yield value
        elif isinstance(value, dict) and (known := value.get(self._steps[step])) is not None:
            yield from self._below(known, step + 1)


def _of_type(items: list[Any], wanted: str) -> Iterator[Any]:
    waiting: list[Any] = list(reversed(items))
    for _ in range(MAX_VISITED):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, dict):
            if wanted in _types(value):
                yield value
            waiting += reversed([part for part in value.values() if isinstance(part, dict | list)])
        elif isinstance(value, list):
            waiting += reversed(value)


def _types(value: dict[str, Any]) -> list[str]:
    said = value.get("@type")
    names = said if isinstance(said, list) else [said]
    return [re.split(r"[/#]", name)[-1] for name in names if isinstance(name, str)]
