"""Which characters the bytes of a page are."""

import re

import cchardet
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    resolve_encoding,
    to_unicode,
)

_SAMPLE = 65_536
_LAST_RESORT = "cp1252"  # what browsers take for a page that says nothing (WHATWG Encoding, "windows-1252")


def decode(body: bytes, content_type: str, *, markup: bool = True) -> tuple[str, str]:
    """(text, encoding) of a body: byte order mark, then the header, then the page's own `<meta>` or XML declaration
    (where it is `markup`: in JSON such a thing is a part of some value).

    A declaration under which most of what is not ASCII is undecodable is a lie and counts as none. Without one:
    UTF-8 where the bytes are valid UTF-8 (other text hardly ever is by chance), else what the detector finds in the
    first 64 KB from the first non-ASCII byte on, else windows-1252. Undecodable bytes become U+FFFD; it never fails.
    """
    mark, bom = read_bom(body)
    if mark and bom:
        return to_unicode(body[len(bom) :], mark), mark
    declared = http_content_type_encoding(content_type) or (_declared_within(body) if markup else None)
    if declared is None or declared == "utf-8":
        try:
            return body.decode(), "utf-8"
        except UnicodeDecodeError:
            pass
    if declared is not None:
        text = to_unicode(body, declared)
        if not _is_lie(text):
            return text, declared
    found = _detected(body)
    return to_unicode(body, found), found


def _declared_within(body: bytes) -> str | None:
    found: str | None = html_body_declared_encoding(body)
    # A declaration that can be read byte by byte does not stand in UTF-16 (HTML standard, 13.2.3.2, prescan).
    return "utf-8" if found and found.startswith(("utf-16", "utf-32")) else found


def _is_lie(text: str) -> bool:
    bad = text.count("\ufffd")
    return bad > 0 and 2 * bad > sum(map(len, re.findall(r"[^\x00-\x7f]+", text)))


def _detected(body: bytes) -> str:
    first = re.search(rb"[\x80-\xff]", body)
    start = first.start() if first else 0
    name = cchardet.detect(body[start : start + _SAMPLE]).get("encoding")
    # By the table of labels that browsers use: what is called Latin-1 or GB2312 is read as its larger successor.
    return (resolve_encoding(name) if name else None) or _LAST_RESORT
