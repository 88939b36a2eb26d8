"""The list of naughty strings has what its users rely on: every kind, and as many as are promised."""

import unicodedata
from collections.abc import Callable

import pytest

from tests.unit.api.naughty import NAUGHTY, UNSTORABLE

ALL = [*NAUGHTY, *UNSTORABLE]


def _category(name: str) -> Callable[[str], bool]:
    return lambda text: any(unicodedata.category(one) == name for one in text)


def _has(*parts: str) -> Callable[[str], bool]:
    return lambda text: any(part in text for part in parts)


@pytest.mark.parametrize(
    ("kind", "is_one", "least"),
    [
        ("control characters", _category("Cc"), 60),
        ("NUL", _has("\x00"), 2),
        ("bidi", _has(*"\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u200e\u200f\u061c"), 10),
        ("zero width", _has("\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"), 5),
        ("lone surrogates", _category("Cs"), 4),
        ("no characters", _has("\ufffe", "\uffff", "\ufdd0"), 3),
        ("beyond the first plane", lambda text: any(ord(one) > 0xFFFF for one in text), 20),
        ("huge numbers", lambda text: text.isdecimal() and len(text) > 18, 8),
        ("no numbers", lambda text: text in ("NaN", "Infinity", "1e309"), 3),
        ("SQL", _has("DROP TABLE", "OR 1=1", "union select", "pg_sleep"), 5),
        ("HTML", _has("<script", "<svg", "<img"), 4),
        ("templates", _has("{{", "${", "<%", "#{", "{%"), 6),
        ("paths", _has("../", "..\\", "/etc/passwd"), 4),
        ("headers", _has("\r\n", "%0d%0a"), 3),
        ("format strings", _has("%s", "%n", "%x", "{0.", "%99"), 4),
        ("shells", _has("$(", "`", "&&", "| "), 4),
        ("formulas", lambda text: text.startswith(("=", "@", "+", "-")), 8),
        ("very long", lambda text: len(text) >= 3000, 5),
        ("longer than a header", lambda text: len(text) > 65_536, 1),
        ("forms of their own", lambda text: not unicodedata.is_normalized("NFC", text), 8),
        ("decomposed otherwise", lambda text: unicodedata.is_normalized("NFC", text)
         and not unicodedata.is_normalized("NFKC", text), 10),
        ("reserved names", lambda text: text.split(".")[0].upper() in ("CON", "AUX", "NUL", "PRN", "COM1", "LPT1"), 6),
    ],
)  # fmt: skip
def test_the_list_has_every_kind(kind: str, is_one: Callable[[str], bool], least: int) -> None:
    assert len([text for text in ALL if is_one(text)]) >= least, kind


def test_the_list_is_long_and_has_nothing_twice() -> None:
    assert len(ALL) >= 515 and len(set(ALL)) == len(ALL)
