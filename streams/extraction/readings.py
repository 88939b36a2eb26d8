"""What of a selected element is wanted, by the field's type."""

import re
from collections.abc import Mapping
from copy import deepcopy

from lxml import etree

from schemas.events.records import FieldType
from schemas.yes_no import yes_or_no
from streams.extraction.document import Node
from streams.extraction.selectors import Reading
from streams.extraction.text import SILENT, own_text, text_of

_LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy")
_BETWEEN = re.compile(r",\s+|(?<=\d[wx]),")  # an address may have commas in it, but none at its end


def reading_of(kind: FieldType) -> Reading:
    """For all types that are written as text: the element's text."""
    return _READINGS.get(kind, text_of)


def address_of(node: Node) -> str:
    """href, src or content of an element, else its own text."""
    for name in ("href", "src", "content"):
        value = node.get(name)
        if value:
            return str(value)
    return own_text(node)


def image_of(node: Node) -> str:
    """The address of a picture: the largest of srcset, else what is loaded late (data-src …), else src; of an element
    that is none, the first one in it that has an address."""
    if address := _picture(node, itself=True):
        return address
    within = node.iterdescendants("img", "source", "image", "amp-img", "video", "link", "meta", "a", node.tag)
    return next((address for element in within if (address := _picture(element))), "")


def _picture(element: Node, *, itself: bool = False) -> str:
    """What an element says of the address of a picture; `itself`: it was selected, so that an `href` may be it."""
    address = largest(element.get("srcset") or element.get("data-srcset") or "")
    if not address:
        address = next((found for name in _LAZY if (found := element.get(name))), "")
    if not address and not (element.get("src") or "").startswith("data:"):
        address = element.get("src") or ""
    if not address and (itself or element.tag in ("link", "meta")):
        address = element.get("href") or element.get("content") or element.get("poster") or ""
    return str(address.strip())


def largest(srcset: str) -> str:
    """The address with the largest width or density; the first of equals."""
    best, address = -1.0, ""
    for candidate in _BETWEEN.split(srcset[:20_000]):
        parts = candidate.split()
        if not parts:
            continue
        try:
            size = float(parts[1].rstrip("wxh")) if len(parts) > 1 else 1.0
        except ValueError:
            continue
        if size > best:
            best, address = size, parts[0].rstrip(",")
    return address


def outer_html(node: Node) -> str:
    """The element as HTML, without what is not for people; cleaning takes away the rest that may do harm."""
    if next(node.iter(*SILENT, etree.Comment, etree.ProcessingInstruction), None) is not None:
        node = deepcopy(node)
        etree.strip_elements(node, *SILENT, etree.Comment, etree.ProcessingInstruction, with_tail=False)
    return str(etree.tostring(node, method="html", encoding="unicode", with_tail=False))


def presence(node: Node) -> str:
    """What a word in it says, else that it is there: `<b class="sold-out">Sold out</b>` is a yes to `.sold-out`."""
    text = text_of(node)
    return "true" if yes_or_no(text) is None else text


_READINGS: Mapping[FieldType, Reading] = {
    "url": address_of,
    "image": image_of,
    "html": outer_html,
    "markdown": outer_html,
    "boolean": presence,
}
