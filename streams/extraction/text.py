"""What a person would read: the one definition of text, for page records and for fields alike."""

import re

from lxml import etree

from streams.extraction.document import Node

# fmt: off
INLINE = frozenset((
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "del", "dfn", "em", "font", "i",
    "ins", "kbd", "label", "mark", "nobr", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup",
    "time", "tt", "u", "var", "wbr",
))
# fmt: on
"""Elements that do not part words. At the start and the end of every other element stands a blank."""

SILENT = ("script", "style", "template")
"""Elements that hold no text for people."""

_CONTROL = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]+")

# libxslt walks the tree three times as fast as Python can, and as a tree: no trick of markup can mislead it.
_TEXT = etree.XSLT(
    etree.XML(f"""
<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">
  <xsl:output method="text"/>
  <xsl:template match="*"><xsl:text> </xsl:text><xsl:apply-templates/><xsl:text> </xsl:text></xsl:template>
  <xsl:template match="{"|".join(sorted(INLINE))}"><xsl:apply-templates/></xsl:template>
  <xsl:template match="{"|".join(SILENT)}|comment()|processing-instruction()"/>
</xsl:stylesheet>""")
)


_FEW = 8
"""Children that are looked at one by one."""


def text_of(node: Node) -> str:
    """All text within an element, in the order of the page, whitespace collapsed to single blanks.

    Left out: `script`, `style` and `template` with all they hold, comments, control characters. A blank stands at the
    start and end of each element that is not INLINE, so that two list items are two words and `f<b>oo</b>` is one.
    Nothing is guessed from styles, and attributes (alt, value) are not text.
    """
    if len(node) == 0:
        return "" if node.tag in SILENT else collapsed(node.text or "")
    return collapsed(_of_few(node) if len(node) <= _FEW else str(_TEXT(node)))


def _of_few(node: Node) -> str:
    """The same where all children are leaves (`<h3><a>…</a></h3>`), as most fields have it: starting libxslt takes
    several times as long."""
    parts = [node.text or ""]
    for child in node:
        tag = child.tag
        if len(child) or not isinstance(tag, str):
            return str(_TEXT(node))
        if tag not in SILENT:
            around = "" if tag in INLINE else " "
            parts.append(f"{around}{child.text or ''}{around}")
        parts.append(child.tail or "")
    return "".join(parts) if node.tag not in SILENT else ""


def own_text(node: Node) -> str:
    """The text directly within an element, without that of the elements in it; whitespace collapsed."""
    if len(node) == 0:
        return collapsed(node.text or "")
    return collapsed("".join([node.text or "", *(child.tail or "" for child in node)]))


def collapsed(text: str) -> str:
    """Single blanks for all whitespace, none around, no control characters."""
    if text.isprintable():
        return " ".join(text.split()) if "  " in text or text[:1] == " " or text[-1:] == " " else text
    words = " ".join(text.split())
    return words if words.isprintable() else " ".join(_CONTROL.sub("", text).split())
