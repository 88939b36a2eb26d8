"""Reads just enough of a statement to know where an INSERT's data begins and how a result is encoded."""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""(?P<space>\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)
       | (?P<quoted>'(?:[^'\\]|\\.|'')*'|`(?:[^`\\]|\\.|``)*`|"(?:[^"\\]|\\.|"")*")
       | (?P<word>\w+)
       | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_LAST_LINE = re.compile(rb"(?:^|\n)[ \t]*FORMAT[ \t]+(\w+)[ \t;]*\s*$", re.IGNORECASE)
_INLINE = re.compile(rb"[ \t]*;?[ \t]*(?:\r?\n)?")
_OTHER_SOURCES = (b"SELECT", b"WITH", b"VALUES", b"WATCH", b"INFILE")


@dataclass(frozen=True)
class Insert:
    """An INSERT whose rows come as data in a format: the statement before FORMAT, the format, where the data begins."""

    statement: str
    format: str
    data_at: int


def find_insert(text: bytes) -> Insert | None:
    """The INSERT at the beginning of the text; None for any other statement.

    None also for INSERT … SELECT and INSERT … VALUES, which the engine reads as a whole. The text may break off
    anywhere after the format's name.
    """
    depth, words = 0, 0
    format_at: int | None = None
    for token in _TOKEN.finditer(text):
        if token["space"]:
            continue
        if token["word"] and depth == 0:
            word = token["word"].upper()
            if format_at is not None:
                name = token["word"].decode()
                data = _INLINE.match(text, token.end())
                return Insert(text[:format_at].decode(), name, data.end() if data else token.end())
            if words == 0 and word != b"INSERT":
                return None
            if word in _OTHER_SOURCES:
                return None
            if word == b"FORMAT":
                format_at = token.start()
        elif words == 0:
            return None
        elif token["other"]:
            depth += {b"(": 1, b")": -1}.get(token["other"], 0)
        words += 1
    return None


def last_line_format(text: bytes) -> str | None:
    """The format that a FORMAT clause on the last line names, as drivers write it.

    Only there it is certain without a parser: on the last line it can be in no comment or string that ends.
    """
    found = _LAST_LINE.search(text[-200:])
    return found[1].decode() if found and b"--" not in found[0] else None


def is_select(text: bytes) -> bool:
    """Whether it is a SELECT: the engine streams the blocks of no other statement's result."""
    first = next((token for token in _TOKEN.finditer(text) if not token["space"] and token["other"] != b"("), None)
    return first is not None and bool(first["word"]) and first["word"].upper() in (b"SELECT", b"WITH")
