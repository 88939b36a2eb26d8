"""JSON that a page carries: its body, or what its scripts hold."""

import json
import re
from functools import cached_property
from typing import Any

from streams.extraction.document import Document
from streams.extraction.microdata import items_of

MAX_SCRIPTS = 500
"""Scripts of one page that are looked into."""

MAX_ASSIGNMENTS = 50
"""Assignments of one script that are looked into."""

_JSON = re.compile(r"application/(?:[\w.+-]+\+)?json|importmap|speculationrules", re.IGNORECASE).match
_LINKED = "application/ld+json"
# `window.__STATE__ = {`, `var data = [`, `self.x = JSON.parse("`; also `__NEXT_DATA__ = {` and `window["x"] = {`.
_ASSIGNMENT = re.compile(r"[\w$\])\"']\s*=\s*(?P<parse>JSON\.parse\(\s*)?(?=(?(parse)[\"']|[\[{]))")
_decoder = json.JSONDecoder(parse_constant=lambda name: None)


class Carried:
    """What one page carries besides its elements, each read when it is first asked for. `nested` counts the objects
    within its records."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.nested = 0

    @cached_property
    def values(self) -> list[Any]:
        """Every value of JSON: the body of a JSON or CSV document; else those of the page's scripts in their order:
        `application/json` and its kin whole, in other scripts what is assigned. What is not JSON is passed over."""
        if self.document.data is not None:
            return [self.document.data]
        values: list[Any] = []
        for number, script in enumerate(self.document.root.iter("script")):
            if number == MAX_SCRIPTS:
                break
            text = script.text or ""
            kind = (script.get("type") or "").strip()
            if _JSON(kind):
                values += read_json(text)
            elif not kind or "javascript" in kind or kind == "module":
                values += _assigned(text)
        return values

    @cached_property
    def linked(self) -> list[Any]:
        """The items of the page's JSON-LD: of a list or an `@graph` each one."""
        items: list[Any] = []
        for number, script in enumerate(self.document.root.iter("script")):
            if number < MAX_SCRIPTS and (script.get("type") or "").strip().lower().startswith(_LINKED):
                for value in read_json(_bare(script.text or "")):
                    items += _members(value)
        return items

    @cached_property
    def microdata(self) -> list[Any]:
        """The page's items in microdata, in the shape that JSON-LD would have."""
        return items_of(self.document.root, self.document.base)

    @cached_property
    def meta(self) -> dict[str, list[str]]:
        """Contents of `<meta property>` (and `name`, as many pages have it) by name in lower case."""
        found: dict[str, list[str]] = {}
        for element in self.document.root.iter("meta"):
            name = (element.get("property") or element.get("name") or "").strip().lower()
            content = element.get("content")
            if name and content and len(found) < 1000:
                found.setdefault(name, []).append(content)
        return found


def read_json(text: str) -> list[Any]:
    """The value that a text is, as a list of one; empty where it is no JSON."""
    try:
        return [json.loads(text, parse_constant=lambda name: None)]
    except (ValueError, RecursionError):
        return []


def _assigned(text: str) -> list[Any]:
    values: list[Any] = []
    place, count = 0, 0
    while count < MAX_ASSIGNMENTS and (found := _ASSIGNMENT.search(text, place)):
        count += 1
        place = found.end()
        try:
            value, place = _decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            continue
        if found["parse"] and isinstance(value, str):
            values += read_json(value)
        else:
            values.append(value)
    return values


def _bare(text: str) -> str:
    """Without the comment or CDATA marks that some pages put around it."""
    return re.sub(r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[)|(?:-->|//\s*\]\]>|\]\]>)\s*;?\s*$", "", text).strip()


def _members(value: Any) -> list[Any]:
    if isinstance(value, list):
        return [member for part in value for member in _members(part)]
    if isinstance(value, dict):
        graph = value.get("@graph")
        if graph is None:
            return [value]
        rest = {name: part for name, part in value.items() if name not in ("@graph", "@context")}
        return [*_members(graph), *([rest] if rest else [])]
    return []
