"""Microdata (HTML standard, 5.2.5): items become objects of the shape that JSON-LD has."""

from typing import Any

from streams.extraction.addresses import joined
from streams.extraction.document import Node
from streams.extraction.text import collapsed, text_of

MAX_ITEMS = 5_000
"""Items of one page, nested ones included."""

MAX_NESTING = 30

_ADDRESS = {
    "a": "href", "area": "href", "link": "href", "audio": "src", "embed": "src", "iframe": "src", "img": "src",
    "source": "src", "track": "src", "video": "src", "object": "data",
}  # fmt: skip


def items_of(root: Node, base: str) -> list[dict[str, Any]]:
    """The top-level items at or below an element, in order. `@type` is a list of types, `@id` the itemid; every other
    name a property: one value, or a list of several. `itemref` is followed once for each item."""
    found = [element for element in root.iter() if element.get("itemscope") is not None][:MAX_ITEMS]
    wanted = set(found)
    reader = _Reader(root, base)
    tops = [element for element in found if element.get("itemprop") is None or not _within(element, wanted)]
    return [reader.item(element, 0) for element in tops]


def _within(element: Node, items: set[Node]) -> bool:
    return any(above in items for above in element.iterancestors())


class _Reader:
    """One reading of one tree; `_left` bounds what items that refer to each other may repeat."""

    def __init__(self, root: Node, base: str) -> None:
        self._root = root
        self._base = base
        self._left = 4 * MAX_ITEMS

    def item(self, scope: Node, depth: int) -> dict[str, Any]:
        item: dict[str, Any] = {}
        types = (scope.get("itemtype") or "").split()
        if types:
            item["@type"] = types
        if scope.get("itemid"):
            item["@id"] = joined(self._base, scope.get("itemid"))
        for element in self._properties(scope):
            self._left -= 1
            if self._left < 0:
                break
            value = self._value(element, depth)
            for name in (element.get("itemprop") or "").split():
                known = item.get(name)
                item[name] = value if known is None else [*(known if isinstance(known, list) else [known]), value]
        return item

    def _properties(self, scope: Node) -> list[Node]:
        """Elements that belong to this item: below it or what it refers to, but not below an item in it."""
        waiting = list(reversed(scope))
        for name in reversed((scope.get("itemref") or "").split()[:20]):
            waiting += self._root.xpath("(//*[@id=$name])[1]", name=name)
        found: list[Node] = []
        seen = {scope}
        while waiting and len(found) < MAX_ITEMS:
            element = waiting.pop()
            if element in seen:
                continue
            seen.add(element)
            if element.get("itemprop"):
                found.append(element)
            if element.get("itemscope") is None:
                waiting += reversed(element)
        return found

    def _value(self, element: Node, depth: int) -> Any:
        if element.get("itemscope") is not None:
            return self.item(element, depth + 1) if depth < MAX_NESTING else {}
        content = element.get("content")
        if content is not None:
            return collapsed(content)
        address = element.get(_ADDRESS.get(element.tag, "content"))
        if address is not None:
            return joined(self._base, address)
        said = element.get({"time": "datetime", "data": "value", "meter": "value"}.get(element.tag, "content"))
        return collapsed(said) if said is not None else text_of(element)
