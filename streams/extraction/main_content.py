"""A page's tree as the main-text library should see it, and its Markdown as readers should.

The library resolves links against the site and not the page, takes a code block for a quotation unless its text looks
like a programming language, and drops the blank lines in it. So links are made absolute, code is marked as such, and
its blank lines and its language travel as pairs of signs that no text has.
"""

import re
from copy import deepcopy
from typing import Any

from lxml import etree

from schemas.hosts import UrlError
from schemas.urls import canonical
from streams.extraction.document import Document

_BLANK, _LANGUAGE, _FIRST = "\u2402\u2403", "\u2402\u2404", "\u2402\u2405"
_NAMED = re.compile(r"\b(?:language|lang|highlight-source|highlight)-([A-Za-z0-9+#._-]{1,30})")
_NO_LANGUAGES = frozenset({"text", "none", "default", "notranslate", "plaintext"})
_FENCED = re.compile(rf"^```[^\n]*\n(?:{_LANGUAGE}([^\n]*){_LANGUAGE}\n)?", re.MULTILINE)
_MARKS = re.compile(rf"{_LANGUAGE}[^\n\u2402]*{_LANGUAGE}\n?|{_BLANK}|{_LANGUAGE}|{_FIRST}")
_ANCHORS = re.compile(r"\[(?:¶|#|§|🔗|\uf0c1)\]\([^()\s]*\)")


def readable(document: Document) -> str:
    """The page's HTML, prepared; the document's tree stays as it is."""
    root = deepcopy(document.root)
    for link in list(root.iter("a")):
        _settle(link, document.base)
    for block in list(root.iter("pre")):
        _mark(block)
    return str(etree.tostring(root, encoding="unicode", method="html"))


def restored(markdown: str) -> str:
    """The library's Markdown with what was marked put back, and without the signs beside headings that link to them."""
    text = _FENCED.sub(lambda found: f"```{found[1] or ''}\n", markdown)
    return _ANCHORS.sub("", _MARKS.sub("", text)).strip()


def _settle(link: Any, base: str) -> None:
    """Absolute, or no link."""
    href = (link.get("href") or "").strip()
    try:
        address = canonical(href, base)
        link.set("href", f"{address}#{href.partition('#')[2]}" if "#" in href else address)
    except UrlError:
        if not href.startswith(("mailto:", "tel:")):
            link.attrib.pop("href", None)


def _mark(block: Any) -> None:
    """Code as one piece of text, its blank lines and language marked."""
    for end in block.iter("br"):
        end.tail = f"\n{end.tail or ''}"
    text = "".join(block.itertext()).strip("\n").replace("\t", "    ")
    language = _language_of(block)
    for child in list(block):
        block.remove(child)
    lines = [line if line.strip() else _BLANK for line in text.split("\n")]
    head = [f"{_LANGUAGE}{language}{_LANGUAGE}"] if language else []
    block.text = None
    code = etree.SubElement(block, "span")
    code.text = "\n".join([*head, *(f"{_FIRST}{line}" if line[:1] == " " else line for line in lines)])


def _language_of(block: Any) -> str:
    """As the block, its code, or what stands around it says in a class."""
    around = [block, *block.iter("code"), *[parent for parent in list(block.iterancestors())[:2]]]
    for element in around:
        named = _NAMED.search(element.get("class") or "")
        if named and named[1].lower() not in _NO_LANGUAGES:
            return named[1]
    return ""
