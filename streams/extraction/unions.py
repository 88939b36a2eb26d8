"""Selectors of several parts (`h1, h2`), in time that grows with what they find."""

from collections.abc import Sequence
from itertools import chain
from typing import Any

from streams.extraction.document import Node

FEW = 200
"""So many matches are left to libxml2, which sorts few of them faster than Python."""


class Union:
    """`a | b` for a node: what any of the parts selects, each once, in the order of the page.

    libxml2 sorts what the parts found by walking from sibling to sibling: 20,000 items among as many siblings took
    sixteen seconds. Attributes and texts are left to it all the same; they do not know their places.
    """

    def __init__(self, whole: Any, parts: Sequence[Any]) -> None:
        self._whole = whole
        self._parts = parts

    def __call__(self, node: Node) -> list[Any]:
        found = [matches for part in self._parts if (matches := part(node))]
        if len(found) <= 1:
            return found[0] if found else []
        if sum(map(len, found)) <= FEW or any(isinstance(matches[0], str) for matches in found):
            whole: list[Any] = self._whole(node)
            return whole
        wanted = set(chain.from_iterable(found))
        within = [element for element in node.iter() if element in wanted]
        if len(within) == len(wanted):
            return within
        return [element for element in node.getroottree().iter() if element in wanted]
