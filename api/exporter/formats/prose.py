"""Markdown that came from strangers: made harmless as Markdown, and as HTML.

HTML is written by a parser that passes no markup through, so what it writes is harmless by construction. Markdown that
stays Markdown is shown by programs which do pass markup through; it is read as such a program would read it, and what
would be markup or a link that does something there is made text.
"""

import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from html import escape
from urllib.parse import urljoin

from markdown_it import MarkdownIt
from markdown_it.token import Token

from schemas.hosts import UrlError
from schemas.urls import canonical

Rename = Callable[[str], str | None]
"""From an absolute address to where a link should lead instead, or None."""

_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_PLAIN_LINK = re.compile(r"\]\((?:https?://|mailto:|tel:|[#/.)])")
_DOES_SOMETHING = re.compile(r"\]\(\s*<?\s*(?:javascript|vbscript|data|file)\s*:[^)\s]*\)?", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE).match
_SAFE = re.compile(r"(?:https?|mailto|tel):", re.IGNORECASE).match
_WHOLE = re.compile(r"(https?)://([^/?#]*)|(?:mailto|tel):.", re.IGNORECASE).match
_INLINE = re.compile(r"(?<!\\)(\]\()(https?://[^\s()<>\"']+)")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})").match
_SPECIAL = re.compile(r"([\\`*_\[\]<>#|~&!$])")
_AT_START = re.compile(r"^([-+=]|\d{1,9}(?=[.)]))")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document can hold."""


@cache
def _shower() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False, "xhtmlOut": True}).enable(["table", "strikethrough"])


@cache
def _careless() -> MarkdownIt:
    """Reads as the most careless program does."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    reader.validateLink = lambda url: True  # type: ignore[method-assign]
    return reader


def escaped(text: str) -> str:
    """Plain text as one line of Markdown that says the same."""
    line = _SPECIAL.sub(r"\\\1", " ".join(text.split()))
    return _AT_START.sub(lambda found: f"\\{found[0]}" if not found[0].isdigit() else f"{found[0]}\\", line)


def harmless(markdown: str) -> str:
    """The same Markdown where it is harmless, as nearly all is. Else what is markup becomes text, and links that do
    something lead nowhere; where even that leaves any, all of the page's are given up."""
    text = NOT_XML.sub("", markdown)
    links = text.count("](")
    if not _MARKUP.search(text) and len(_PLAIN_LINK.findall(text)) == links and "]:" not in text:
        return text
    for _ in range(3):
        markup, links_that_do = _found(text)
        if not markup and not links_that_do:
            return text
        for piece in sorted(markup, key=len, reverse=True):
            text = text.replace(piece, _MARKUP.sub("&lt;", piece))
        text = _DOES_SOMETHING.sub("]()", text)
    return _MARKUP.sub("&lt;", text).replace("](", "]\\(").replace("]:", "]\\:")


def _found(text: str) -> tuple[set[str], bool]:
    markup: set[str] = set()
    does = False
    for token in _walk(_careless().parse(text)):
        if token.type in ("html_block", "html_inline"):
            markup.add(token.content)
        href = str(token.attrs.get("href") or token.attrs.get("src") or "")
        bare = "".join(href.split())
        does = does or bool(_SCHEME(bare) and not _SAFE(bare))
    return markup, does


def renamed(markdown: str, rename: Rename) -> str:
    """Markdown whose links lead to where `rename` says; code stays as it is."""

    def line_of(line: str) -> str:
        return _INLINE.sub(lambda found: found[1] + (rename(found[2]) or found[2]), line)

    lines, fence = [], ""
    for line in markdown.split("\n"):
        mark = _FENCE(line)
        if fence:
            lines.append(line)
            fence = "" if mark and mark[1].startswith(fence) else fence
        elif mark:
            lines.append(line)
            fence = mark[1]
        else:
            lines.append(line_of(line) if "](" in line else line)
    return "\n".join(lines)


def html_of(markdown: str, base: str, rename: Rename, *, pictures: bool) -> str:
    """XHTML of a page's Markdown. Addresses are absolute from `base` or where `rename` says; without `pictures` their
    words stand in their place."""
    tokens = _shower().parse(NOT_XML.sub("", markdown))
    for token in tokens:
        if token.children:
            token.children = list(_settled(token.children, base, rename, pictures))
    return str(_shower().renderer.render(tokens, _shower().options, {}))


def text_of(text: str) -> str:
    """Text as it may stand in XML."""
    return escape(NOT_XML.sub("", text))


def _settled(tokens: Iterable[Token], base: str, rename: Rename, pictures: bool) -> Iterable[Token]:
    dead: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            address = _absolute(base, str(token.attrs.get("href") or ""))
            href = (rename(address) or address) if address else ""
            token.attrs = {"href": href} if href else {}
            token.tag = "a" if href else "span"
            dead.append(not href)
        elif token.type == "link_close":
            token.tag = "span" if dead and dead.pop() else "a"
        elif token.type == "image":
            address = _absolute(base, str(token.attrs.get("src") or ""))
            if not pictures or not address:
                token = Token("text", "", 0, content=token.content)
            else:
                token.attrs["src"] = address
        yield token


def _absolute(base: str, reference: str) -> str:
    if not reference:
        return ""
    try:
        address = urljoin(base, reference)
    except ValueError:
        return ""
    whole = _WHOLE(address)
    return address if whole and (whole[1] is None or _is_host(whole[2])) else ""


@lru_cache(4096)
def _is_host(netloc: str) -> bool:
    """Whether an address may have this host: books with others are refused by what checks them."""
    host = netloc.rpartition("@")[2]
    try:
        canonical(f"http://{host}/")
        return "xn--" not in host.lower() or bool(host.encode("ascii").decode("idna"))
    except (UrlError, UnicodeError):
        return False


def _walk(tokens: Iterable[Token]) -> Iterable[Token]:
    for token in tokens:
        yield token
        if token.children:
            yield from _walk(token.children)
