"""HTML that may be shown to people, and the Markdown that says the same."""

import re
from html import escape
from typing import Any, Literal
from urllib.parse import urljoin

from lxml import etree

from streams.cleaning.errors import UnreadableValueError
from streams.cleaning.types.markdown import markdown
from streams.cleaning.types.page import Page
from streams.cleaning.types.texts import to_text

MAX_DEPTH = 100
"""Elements within each other; deeper ones lose their tags and keep their text."""

# fmt: off
_KEPT = frozenset((
    "a", "abbr", "article", "aside", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code", "col",
    "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1", "h2",
    "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p", "picture",
    "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "source", "span", "strong", "sub", "summary",
    "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "u", "ul", "var", "wbr",
))
_DROPPED = frozenset((
    "script", "style", "template", "iframe", "object", "embed", "applet", "noscript", "noembed", "noframes", "head",
    "title", "textarea", "select", "option", "button", "svg", "math", "canvas", "audio", "video", "xmp", "plaintext",
    "frameset", "base", "link", "meta",
))
# fmt: on
_ATTRIBUTES = frozenset(
    ("alt", "title", "lang", "dir", "colspan", "rowspan", "datetime", "width", "height", "start", "scope", "headers")
)
_VOID = frozenset(("br", "col", "hr", "img", "source", "wbr"))
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE).match
_SAFE = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE).match
_BASE = re.compile(r'<base href="([^">]*)">').match
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ufeff\ufffe\uffff]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MARKUP = re.compile(r"<[a-z!/][^>]*>|&(?:\w{2,31}|#x?[0-9a-f]+);", re.IGNORECASE).search


def to_html(value: Any, page: Page) -> str | None:
    """Outer HTML as it may be put into a page: a list of elements and attributes that do no harm, addresses absolute
    and of http, https, mailto or tel; everything else is left out. Text that is no markup is escaped."""
    text = _source(value, page)
    if not text:
        return None
    return (_sanitised(text, page) if _MARKUP(text) else escape(text, quote=False)) or None


def to_markdown(value: Any, page: Page) -> str | None:
    """CommonMark with tables, of what `to_html` keeps. Text without markup is taken for Markdown already, and so is
    `{"markdown": text}`, whatever it looks like."""
    if isinstance(value, dict) and value.keys() == {"markdown"}:
        return _source(value["markdown"], page) or None
    text = _source(value, page)
    if not text or not _MARKUP(text):
        return text or None
    return markdown(_sanitised(text, page)) or None


def _source(value: Any, page: Page) -> str:
    if not isinstance(value, str):
        return to_text(value, page) or ""
    return _SURROGATE.sub("\ufffd", _UNSEEN.sub("", value.replace("\r\n", "\n"))).strip()


def _sanitised(text: str, page: Page) -> str:
    base = page.url
    said = _BASE(text)
    if said:
        base, text = said[1], text[said.end() :]
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True)
    try:
        root = etree.fromstring(f"<body>{text}</body>".encode("utf-8", "replace"), parser)
    except etree.XMLSyntaxError as problem:
        raise UnreadableValueError("it is not HTML.") from problem
    return "" if root is None else _written(root, base).strip()


def _written(root: Any, base: str) -> str:
    """Written anew, element by element: what is not on the lists cannot come through, however it was spelt."""
    pieces: list[str] = []
    dropped, depth = 0, 0
    walk: Any = etree.iterwalk(root, events=("start", "end"))
    event: Literal["start", "end"]
    for event, element in walk:
        tag = element.tag
        if event == "start":
            depth += 1
            dropped += tag in _DROPPED
            if not dropped:
                if tag in _KEPT and depth <= MAX_DEPTH:
                    pieces.append(_tag(element, base))
                pieces.append(escape(element.text or "", quote=False))
            continue
        if not dropped and tag in _KEPT and tag not in _VOID and depth <= MAX_DEPTH:
            pieces.append(f"</{tag}>")
        depth -= 1
        dropped -= tag in _DROPPED
        if not dropped:
            pieces.append(escape(element.tail or "", quote=False))
    return "".join(pieces)


def _tag(element: Any, base: str) -> str:
    said = [(name, value) for name, value in element.attrib.items() if name in _ATTRIBUTES]
    for name in ("href",) if element.tag == "a" else ("src",) if element.tag == "img" else ():
        address = _address(element.get(name) or "", base)
        if address:
            said.append((name, address))
    return f"<{element.tag}{''.join(f' {name}={chr(34)}{escape(value)}{chr(34)}' for name, value in said)}>"


def _address(reference: str, base: str) -> str:
    """Absolute, and of a scheme that does nothing by itself; else none."""
    reference = "".join(reference.split()) if _SCHEME(reference.strip()) is None else reference.strip()
    try:
        address = urljoin(base, reference)
    except ValueError:
        return ""
    return address if _SAFE(address) or (not base and not _SCHEME(address)) else ""
