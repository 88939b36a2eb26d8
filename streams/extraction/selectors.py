"""Selectors, compiled once: a node goes in, the strings that were meant come out."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cssselect
from cssselect import parser as grammar
from cssselect.xpath import XPathExpr, is_non_whitespace
from lxml import etree
from parsel.csstranslator import GenericTranslator, HTMLTranslator

from streams.extraction.document import Kind, Node
from streams.extraction.errors import RuleError
from streams.extraction.text import collapsed, own_text, text_of
from streams.extraction.unions import Union

Reading = Callable[[Node], str]
"""What of a selected element is wanted."""


class _OneLook:
    """Finds a word in an attribute (`.price`) by one look at it: as cssselect writes it, libxml2 makes three, which is
    half of what a listing costs."""

    def xpath_attrib_includes(self, path: XPathExpr, name: str, value: str | None) -> XPathExpr:
        if not value or not is_non_whitespace(value):
            return path.add_condition("0")
        literal, word = (GenericTranslator.xpath_literal(text) for text in (value, f" {value} "))
        spaced = "concat(' ', normalize-space(.), ' ')"
        return path.add_condition(f"{name}[contains(., {literal}) and contains({spaced}, {word})]")


class _OfHtml(_OneLook, HTMLTranslator):
    pass


class _OfXml(_OneLook, GenericTranslator):
    pass


_TRANSLATORS: dict[Kind, cssselect.GenericTranslator] = {"html": _OfHtml(), "xml": _OfXml()}
_TRIAL = etree.fromstring("<html><body><p>x</p></body></html>")

_BOUNDARY = re.compile(r"\b|(?<=\W)(?=\W)")
_TRIED = 60

_LITERAL = re.compile(r"\"[^\"]*\"|'[^']*'")
_PREDICATE = re.compile(r"\[[^\[\]]*\]")
_CALL = re.compile(r"(?<![\w.-])([A-Za-z_][\w.-]*+(?::[A-Za-z_][\w.-]*+)?+)\s*+\(")
_PREFIX = re.compile(r"(?<![\w.-])([A-Za-z_][\w.-]*+):(?![:\s])")
_STEP = r"(?:[a-z-]+::)?@?(?:[\w.-]+|\*)(?:\(\))?"
_LOCATION = re.compile(rf"(?:\.?//?)?{_STEP}(?://?{_STEP})*").fullmatch
_FUNCTIONS = frozenset(
    re.split(
        r"\s+",
        "last position count id local-name namespace-uri name string concat starts-with contains substring-before"
        " substring-after substring string-length normalize-space translate boolean not true false lang number sum"
        " floor ceiling round text node comment processing-instruction and or div mod has-class",
    )
)
"""XPath 1.0, 4 with its node tests and operators, and parsel's has-class(). Its regular expressions are left out: they
would run in Python without a bound on their time."""


@dataclass(frozen=True, slots=True)
class Selector:
    """A compiled selector; strings come in document order, blank ones are passed over.

    `place` names it for errors. `whole_page`: it starts at the page's root, whatever node it is given, so that one
    answer serves all items.
    """

    xpath: Any
    reading: Reading
    place: str
    whole_page: bool = False

    @property
    def computes(self) -> bool:
        """Whether it gives a number, a truth or a string of its own making, instead of parts of the page."""
        return not isinstance(self.xpath(_TRIAL), list)

    def values(self, node: Node, room: int) -> list[str]:
        """What each selected element, attribute or text says. RuleError beyond `room` characters in all."""
        texts = []
        for text in self._texts(self._evaluated(node)):
            room -= len(text)
            if room < 0:
                raise RuleError(self.place, "selects far more text than the page has; select the innermost elements.")
            texts.append(text)
        return texts

    def first(self, node: Node) -> str | None:
        """The first of `values`, read no further than needed."""
        found = self._evaluated(node)
        if isinstance(found, list):
            if not found:
                return None
            text = found[0] if isinstance(found[0], str) else self.reading(found[0])
            if text and not text.isspace():
                return text
        return next(self._texts(found), None)

    def nodes(self, node: Node) -> list[Node]:
        """The elements that it selects; RuleError where it selects something else."""
        found = self._evaluated(node)
        if not isinstance(found, list) or any(isinstance(one, str | tuple) for one in found):
            raise RuleError(self.place, "must select elements, not text or attributes.")
        return found

    def _texts(self, found: Any) -> Iterator[str]:
        if not isinstance(found, list):
            found = [_scalar(found)]
        hollow: set[Node] = set()
        for one in found:
            if isinstance(one, str):
                text = one
            elif one in hollow:
                continue
            else:
                text = self.reading(one)
                if not text and len(one) and self.reading is text_of:
                    # All within it is blank too: nests of empty elements are read once, not once a level.
                    hollow.update(one.iter())
            if text and not text.isspace():
                yield text

    def _evaluated(self, node: Node) -> Any:
        try:
            return self.xpath(node)
        except (etree.XPathError, ValueError, TypeError, RuntimeError) as problem:
            raise RuleError(self.place, f"could not be evaluated on this page: {problem}.") from problem


def css(text: str, kind: Kind, place: str, reading: Reading = text_of) -> Selector:
    """A CSS selector as parsel knows it, with `::text` and `::attr(name)`. Raises RuleError.

    Without a pseudo-element, `reading` says what of an element is wanted. `p::text` is the text directly in a `p`, in
    one piece; `p ::text` (or `p *::text`) is all text below it.
    """
    translator = _TRANSLATORS[kind]
    try:
        parts = cssselect.parse(text)
        if all(part.pseudo_element == "text" for part in parts):
            below = [_above_anything(part.parsed_tree) for part in parts]
            reading = text_of if all(below) else own_text
            trees = below if all(below) else [part.parsed_tree for part in parts]
            parts = [grammar.Selector(tree) for tree in trees]
        paths = [_path(part, translator) for part in parts]
    except (cssselect.SelectorError, RecursionError) as problem:
        where = _css_position(text, str(problem))
        raise RuleError(place, f"{text[:200]!r} is not a CSS selector: {problem}{where}.") from problem
    return Selector(_compiled(paths, place, text), reading, place)


def xpath(text: str, place: str, reading: Reading = text_of) -> Selector:
    """An XPath 1.0 expression, relative to the item where there are items. Raises RuleError.

    `p/text()` is the text directly in a `p`, in one piece; a path that ends in `//text()` is all text below.
    """
    bare = _LITERAL.sub("''", text)
    unknown = next((name for name in _CALL.findall(bare) if name not in _FUNCTIONS), None)
    if unknown:
        where = f"at character {text.find(unknown) + 1}"
        raise RuleError(place, f"there is no function {unknown}(), {where}; XPath 1.0 and has-class() are known.")
    if "$" in bare:
        where = f"at character {text.rfind('$') + 1}"
        raise RuleError(place, f"variables ($name) have no values here, {where}; write the value itself.")
    prefix = _PREFIX.search(bare)
    if prefix:
        where = f"at character {text.find(prefix[0]) + 1}"
        raise RuleError(place, f"leave out the prefix {prefix[1]}: {where} (names are compared without prefixes).")
    while (shorter := _PREDICATE.sub("", bare)) != bare:
        bare = shorter
    bare_parts = [part.strip() for part in bare.split("|")]
    if not all(_LOCATION(part) for part in bare_parts):
        return Selector(_compiled([text], place, text), reading, place)
    whole_page = all(part.startswith("/") for part in bare_parts)
    paths = [part.strip() for part in text.split("|")]
    if len(paths) != len(bare_parts):  # some of the bars stand in predicates
        paths = [text.strip()]
    if len(paths) == 1 and paths[0].endswith("text()"):
        paths[0], reading = _element_of_text(paths[0])
    return Selector(_compiled(paths, place, text), reading, place, whole_page)


def has_pseudo_element(text: str) -> bool:
    """Whether a CSS selector that is known to be right selects text or attributes instead of elements."""
    return any(part.pseudo_element is not None for part in cssselect.parse(text))


def _compiled(paths: list[str], place: str, original: str) -> Any:
    try:
        parts = [etree.XPath(path, smart_strings=False, regexp=False) for path in paths]
        if len(parts) > 1:
            parts = [Union(etree.XPath(" | ".join(paths), smart_strings=False, regexp=False), parts)]
        parts[0](_TRIAL)
    except (etree.XPathError, ValueError, TypeError) as problem:
        where = _xpath_position(original)
        raise RuleError(place, f"{original[:200]!r} cannot be evaluated: {problem}{where}.") from problem
    return parts[0]


def _xpath_position(path: str) -> str:
    """Behind the longest beginning that is an XPath itself: libxml2 keeps to itself where it gave up. Only ends of
    words are tried, and the last of them: a job may have hundreds of wrong paths."""
    ends = [found.start() for found in _BOUNDARY.finditer(path) if 0 < found.start() < len(path)]
    for length in reversed(ends[-_TRIED:]):
        try:
            etree.XPath(path[:length], smart_strings=False, regexp=False)
        except (etree.XPathError, ValueError):
            continue
        return f", at character {length + 1}"
    return "" if len(ends) > _TRIED else ", at character 1"


def _css_position(text: str, problem: str) -> str:
    """cssselect says where it stopped only for what it cannot read, not for what it does not know."""
    if " at " in problem:
        found = re.search(r" at (\d+)", problem)
        return f", at character {int(found[1]) + 1}" if found else ""
    for name in re.findall(r"[\w-]+", problem)[::-1]:
        if (place := text.find(f":{name}")) >= 0:
            return f", at character {place + 1}"
    return ""


def _path(part: Any, translator: cssselect.GenericTranslator) -> str:
    return "." if part.parsed_tree == "." else translator.selector_to_xpath(part, translate_pseudo_elements=True)


def _above_anything(tree: Any) -> Any:
    """What stands before a bare `*` at a selector's end (`div ::text` → `div`, `::text` → "."); else None."""
    last = getattr(tree, "subselector", tree)
    if not isinstance(last, grammar.Element) or last.element is not None:
        return None
    if tree is last:
        return "."
    return tree.selector if tree.combinator == " " else None


def _element_of_text(path: str) -> tuple[str, Reading]:
    """The elements whose text nodes a path asks for, and whether all of their text is meant or their own only."""
    before = path.removesuffix("text()")
    if before.endswith("//"):
        return before[:-2] or "/*", text_of
    return before.removesuffix("/") or ("/*" if before else "."), own_text


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if value != value else str(int(value)) if value.is_integer() else str(value)
    return collapsed(str(value))
