"""Records of listing pages without rules: what repeats on a page, with a text and a link each, are its items.

After Liu, Grossman, Zhai: Mining data records in web pages (KDD 2003): records of one kind stand in one region under
one parent's tags. Here two elements are of one kind when the tags and first classes on the way to them are the same.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from schemas.events.records import CleanRules, FieldRule
from streams.extraction.addresses import joined
from streams.extraction.document import Document, Node
from streams.extraction.readings import image_of
from streams.extraction.text import text_of

FEWEST = 5
"""Repetitions that make a list."""

MAX_ELEMENTS = 200_000
"""Elements of a page that are looked at."""

MAX_CHARACTERS = 2_000
"""Characters of an item's text that are kept; an item is a card, not an article."""

MAX_KINDS = 50
"""Kinds of elements that are looked into, those with most text first."""

LISTING = CleanRules(
    fields={
        "url": FieldRule(type="url"),
        "link": FieldRule(type="url", required=True),
        "title": FieldRule(),
        "price": FieldRule(type="price"),
        "image": FieldRule(type="image"),
        "text": FieldRule(),
    },
    key=["link"],
)
"""How the records of a listing are cleaned; where an item leads is what makes two of them the same thing."""

_ASIDE = frozenset(("nav", "header", "footer", "aside", "head", "select", "form", "menu"))
_INLINE = frozenset(("a", "span", "b", "i", "em", "strong", "small", "option", "br", "td", "th", "source", "script"))
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")
_PRICE = re.compile(
    r"(?:[£$€¥₹]|\b(?:USD|EUR|GBP|CHF|PLN|SEK|NOK|DKK|Rs\.?|kr)) ?\d[\d.,'’  ]*"
    r"|(?<![\w.,-])\d[\d.,'’  ]*+(?:[£$€¥₹]|zł|Kč|(?:USD|EUR|GBP|CHF|PLN|SEK|NOK|DKK|kr)\b)(?! ?\d)"
)


@dataclass(frozen=True, slots=True)
class _Item:
    """One repetition and what stands in it."""

    headed: bool
    link: str
    title: str
    price: str
    image: str
    text: str

    @property
    def worth(self) -> float:
        """How much it looks like something that people list, and not like an entry of a menu."""
        if not self.link or not self.text:
            return 0.0
        more = len(self.text) > len(self.title) + 3  # a menu's entry is its title and nothing else
        return 0.3 + more + 1.5 * self.headed + 3.0 * bool(self.price) + 2.0 * bool(self.image) + self._length

    @property
    def _length(self) -> float:
        return min(len(self.text), 300) / 100


def listed(document: Document) -> list[dict[str, Any]]:
    """The raw records of the list that a page is about, in its order; none where nothing repeats.

    url: the page's. link: of the heading, else the first. title: the heading's text (its link's `title` where it
    is cut short), else the link's. price: the first text with a currency. image: the first. text: all
    of it. Of several lists the one whose items hold most counts; menus, headers and footers do not.
    """
    best: list[_Item] = []
    most = 0.0
    for nodes in _kinds(document.root):
        items = [_item(node) for node in nodes]
        worths = [item.worth for item in items]
        good = sum(worth > 0 for worth in worths)
        if good < FEWEST or good < 0.8 * len(items) or len({item.link for item in items}) < 0.6 * len(items):
            continue
        if sum(worths) > most and sum(worths) / len(worths) >= 1.5:
            best, most = items, sum(worths)
    return [_record(item, document) for item in best if item.worth]


def _kinds(root: Node) -> list[list[Node]]:
    """Elements of one kind each, those that repeat often enough, outermost first."""
    kinds: dict[int, list[Node]] = defaultdict(list)
    names: dict[tuple[int, str, str], int] = {}
    waiting: list[tuple[Node, int]] = [(root, 0)]
    for _ in range(MAX_ELEMENTS):
        if not waiting:
            break
        node, above = waiting.pop()
        for child in reversed(node):
            tag = child.tag
            if not isinstance(tag, str) or tag in _ASIDE or child.get("role") == "navigation":
                continue
            classes = (child.get("class") or "").split()
            kind = names.setdefault((above, tag, classes[0] if classes else ""), len(names) + 1)
            waiting.append((child, kind))
        if above and node.tag not in _INLINE:
            kinds[above].append(node)
    repeated = [nodes for nodes in kinds.values() if len(nodes) >= FEWEST and _beside_another(nodes)]
    return repeated[:MAX_KINDS]


def _beside_another(nodes: list[Node]) -> bool:
    """Whether they stand side by side (or in rows of some), not each alone in something that repeats itself."""
    parents = {node.getparent() for node in nodes}
    return len(parents) * 2 <= len(nodes)


def _item(node: Node) -> _Item:
    text = text_of(node)[:MAX_CHARACTERS]
    heading = next(node.iter(*_HEADINGS), None)
    links = [link for link in node.iter("a") if (link.get("href") or "#").lstrip()[:1] not in ("#", "")][:20]
    if node.tag == "a" and not links:
        return _Item(False, "", "", "", "", text)
    main = _main_link(node, heading, links)
    title = "" if heading is None else text_of(heading)
    if main is not None:
        said = (main.get("title") or "").strip()
        title = title or text_of(main) or said
        if title.endswith(("...", "…")) and said.startswith(title.rstrip(" .…")):
            title = said
    price = _PRICE.search(text)
    image = next((found for img in node.iter("img") if (found := image_of(img))), "")
    link = "" if main is None else main.get("href").strip()
    return _Item(heading is not None, link, title, price[0].strip() if price else "", image, text)


def _main_link(node: Node, heading: Node, links: list[Node]) -> Node | None:
    if heading is not None:
        for link in links:
            if heading in link.iterancestors() or heading in link.iterdescendants():
                return link
    return next((link for link in links if text_of(link)), links[0] if links else None)


def _record(item: _Item, document: Document) -> dict[str, Any]:
    values = {"link": item.link, "title": item.title, "price": item.price, "image": item.image, "text": item.text}
    record = {"url": document.url, **{name: value for name, value in values.items() if value}}
    if document.base != document.url:
        record |= {name: joined(document.base, record[name]) for name in ("link", "image") if name in record}
    return record
