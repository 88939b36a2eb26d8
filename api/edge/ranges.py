"""Which bytes of a file an answer has: conditions and ranges of RFC 9110, sections 13 and 14.

Several ranges at once are answered with the whole file, which the section allows: nobody resumes a download so.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE).fullmatch


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `begin` to before `end`; `status` is that of the answer: 200, 206, 304, 412 or 416."""

    status: Literal[200, 206, 304, 412, 416]
    begin: int = 0
    end: int = 0


def span_of(headers: Mapping[str, str], etag: str, size: int) -> Span:
    """What is asked of a file of `size` bytes whose strong validator is `etag` (with its quotes). Without a strong
    match If-Range means the whole file; a date never is one here, since files are told apart by what they hold."""
    if (wanted := headers.get("if-match")) and not _among(wanted, etag, weak=False):
        return Span(412)
    if (known := headers.get("if-none-match")) and _among(known, etag, weak=True):
        return Span(304)
    whole = Span(200, 0, size)
    asked = _ONE(headers.get("range", "").replace(" ", ""))
    if asked is None or asked[0] == "bytes=-":
        return whole
    if (same := headers.get("if-range")) is not None and same.strip() != etag:
        return whole
    return _cut(asked[1], asked[2], size)


def _cut(first: str, last: str, size: int) -> Span:
    if not first:
        length = int(last)
        return Span(206, max(0, size - length), size) if length and size else Span(416)
    begin, end = int(first), min(int(last) + 1, size) if last else size
    if last and int(last) < begin:
        return Span(200, 0, size)  # not a range at all: it is to be ignored
    return Span(206, begin, end) if begin < size else Span(416)


def _among(said: str, etag: str, *, weak: bool) -> bool:
    tags = [tag.strip() for tag in said.split(",")]
    return "*" in tags or any((tag.removeprefix("W/") if weak else tag) == etag for tag in tags)
