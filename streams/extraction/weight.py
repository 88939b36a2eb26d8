"""Where a page is read: here, or in a child process that can be ended. Decided by what it could cost at worst.

A call into libxml2 cannot be interrupted, and some selectors take time that grows with the square of a page and faster
(measured on libxml2 2.14: `li + li` over 8,000 siblings 10 s, `div p` over 1,000 nested elements and 10,000 leaves over
8 s). Most pages are small and their rules plain; for those a child would only cost the way there and back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lxml import etree

from schemas.job import Extract
from streams.extraction.document import Document

MAX_HERE = 262_144
"""Bytes of a page that is parsed here at most: some 10 ms."""

WORST_HERE_S = 0.5
"""Seconds that a page may cost at worst to be read here; what it costs in fact is a small part of that."""

_SMALL = 50_000_000
"""Elements times characters: what it comes to if all elements nest, and each one's text is read."""

_SHALLOW, _DEEP = 16, 64
# Seconds: to look at one element that was selected (blank ones are passed over), to begin a selector at an item, to
# count a sibling, to take one element into a set of others.
_LOOK_S, _BEGIN_S, _COUNT_S, _MERGE_S = 5e-6, 3e-6, 4e-9, 1e-9
_MAX_ITEMS = 20_000

_COUNT = etree.XPath("count(//*)")
_DEEPER = {depth: etree.XPath("boolean(" + "/*" * (depth + 1) + ")") for depth in (_SHALLOW, _DEEP)}

_NOT_RUN = frozenset({"type", "default", "key", "required", "auto"})
_NAMES = frozenset({"json_ld", "microdata", "opengraph"})
_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")
_IN_BRACKETS = re.compile(r"\[[^\[\]]*\]")
_ARGUMENTS = re.compile(r"\([^()]*\)")
_BESIDE = re.compile(r"[~+]")
_NESTED = re.compile(r":(?:has|is|where|matches|any)\b|:not\([^()]*[\s:~+>]")
_PLAIN_PSEUDO = re.compile(r"::?(?:text|attr|not|contains|root|empty|checked|disabled|enabled|selected|link)\b")
_BELOW = re.compile(r"[^\s>,~+]\s+(?![>,~+\s]|::)[^\s]")
_STEP = r"(?:@?[\w.-]+|\*|@\*|text\(\)|node\(\))"
_PATH = re.compile(rf"\s*(?:\.|(?:\.?//?)?{_STEP}(?://?{_STEP})*)\s*").fullmatch
_PLAIN_PREDICATE = re.compile(
    r"\[(?:@[\w.-]+|\.|\d+|'\s*'|[\s=!<>,()]|\b(?:and|or|not|contains|starts-with|normalize-space|last|position"
    r"|has-class|text)\b)*\]"
)


@dataclass(frozen=True, slots=True)
class Load:
    """How a run's rules grow with a page: how many selectors there are, how many of them count siblings (`squares`) or
    look below what they found (`descents`), whether they are looked for in each item, and whether any of them is of a
    kind for which nothing can be promised. `plain`: there are none, and texts are read of headings alone."""

    selectors: int = 1
    squares: int = 0
    descents: int = 0
    items: bool = False
    unbounded: bool = False
    plain: bool = False


def load_of(extract: Extract) -> Load:
    """The load of a job's rules; a kind of rule that is not known here counts as unbounded."""
    found = list(_rules(extract.model_dump(exclude_defaults=True)))
    kinds = [_kinds(name, text) for name, text in found]
    return Load(
        selectors=max(1, len(found)),
        squares=sum("square" in kind for kind in kinds),
        descents=sum("descent" in kind for kind in kinds),
        items=any(name.startswith("items") for name, _ in found)
        or any(field.fields for field in extract.fields.values()),
        # What a library makes of a whole page takes long as a rule, and nobody has bounded it.
        unbounded=bool(extract.auto) or any("unbounded" in kind for kind in kinds),
        plain=not found,
    )


def is_light(load: Load, document: Document) -> bool:
    """Whether a page that was parsed can be read here: the worst that its rules could cost on so many elements is
    bearable. A small page is known to be light without a look at its tree."""
    text = document.text
    elements = text.count("<")
    read = text.count("<h") + text.count("<H") if load.plain else elements
    if read * len(text) <= _SMALL and _worst(load, elements, elements) <= WORST_HERE_S:
        return True
    root = document.root
    if _DEEPER[_DEEP](root):
        return False
    return _worst(load, _COUNT(root), _DEEP if _DEEPER[_SHALLOW](root) else _SHALLOW) <= WORST_HERE_S


def _worst(load: Load, elements: float, depth: float) -> float:
    """Seconds, where elements nest so deep."""
    worst = load.selectors * elements * _LOOK_S
    if load.items:
        worst += load.selectors * min(elements, _MAX_ITEMS) * _BEGIN_S
    return worst + (load.squares * _COUNT_S + load.descents * depth * _MERGE_S) * elements * elements


def _rules(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """(what it is, the rule) of everything that runs on a page; the names that people gave to fields are none."""
    if isinstance(value, dict):
        for key, below in value.items():
            if name == "fields" or key not in _NOT_RUN:
                yield from _rules(below, "" if name == "fields" else key)
    elif isinstance(value, list):
        for below in value:
            yield from _rules(below, name)
    elif isinstance(value, str):
        yield name, value


def _kinds(name: str, text: str) -> set[str]:
    if name in ("css", "items"):
        return _css_kinds(text)
    if name in ("xpath", "items_xpath"):
        return _xpath_kinds(text)
    if name in ("jsonpath", "items_jsonpath"):
        return {"unbounded"} if "?" in text or text.count("..") > 1 else set()
    return set() if name in _NAMES else {"unbounded"}


def _css_kinds(text: str) -> set[str]:
    bare = _IN_BRACKETS.sub("", _LITERAL.sub("''", text))
    kinds: set[str] = set()
    while (shorter := _ARGUMENTS.sub("", bare)) != bare:
        bare = shorter
    if _BESIDE.search(bare) or _NESTED.search(_LITERAL.sub("''", text)):
        kinds.add("unbounded")
    if ":" in _PLAIN_PSEUDO.sub("", bare):
        kinds.add("square")
    if _BELOW.search(bare.strip()):
        kinds.add("descent")
    return kinds


def _xpath_kinds(text: str) -> set[str]:
    bare = _PLAIN_PREDICATE.sub("", _LITERAL.sub("''", text))
    parts = bare.split("|")
    if not all(_PATH(part) for part in parts):
        return {"unbounded"}
    return {"descent"} if any("//" in part.strip().lstrip("./") for part in parts) else set()
