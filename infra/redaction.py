"""What may be written about a value: anything that JSON can carry, of a bounded size, and no secret.

Secrets are known by the name that they stand under and, since a library's message or a traceback has no names, by their
looks: tokens, keys and one-time links of ours (256 random bits in base64 are 43 characters), JSON Web Tokens, passwords
in addresses, what follows `password=` and the like, Authorization headers, private keys. Patterns are bounded, so that
no text makes them slow.
"""

import math
import re
from collections.abc import Mapping
from itertools import islice
from typing import Any

from schemas.secret_names import names_secret

HIDDEN = "[redacted]"
MOST_TEXT = 8000
"""Characters of one text; a longer one is cut, its end is left out."""
_MOST_READ = 64_000
_MOST_ITEMS = 60
_DEEPEST = 6

_OF_NAME = r"(?:passw(?:or)?d|passwd|secret|token|api[-_]?key|authorization|cookie|passphrase)"
_LOOKS = (
    (re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?s:.{0,8000}?)(?:-----END [A-Z ]{0,30}-----|\Z)"), HIDDEN),
    (re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{0,20}://[^\s/:@]{0,200}:)[^\s/@]{1,400}@"), rf"\1{HIDDEN}@"),
    (re.compile(r"(?i)((?:/|%2f)(?:sign-in|reset-password)(?:/|%2f)+)[^\s\"'?#&]{1,400}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)(/oidc/callback\?|[?&](?:ticket|code_verifier)=)[^\s\"'#]{1,4000}"), rf"\1{HIDDEN}"),
    (re.compile(r"(?i)\b(bearer|basic)\s{1,4}[\w.~+/=-]{8,}"), rf"\1 {HIDDEN}"),
    (re.compile(rf"(?i)({_OF_NAME}[\w-]{{0,32}}[\"']?\s{{0,4}}[=:]\s{{0,4}}[\"']?)(?!\[redacted)[^\s\"'&,;}}{{)]{{3,}}"),
     rf"\1{HIDDEN}"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?"), HIDDEN),
    (re.compile(r"\btrawl_[\w-]{40,}", re.ASCII), HIDDEN),
    (re.compile(r"(?<![\w-])(?=[\w-]{0,42}[A-Z])(?=[\w-]{0,42}[a-z])(?=[\w-]{0,42}\d)[\w-]{43}(?![\w-])", re.ASCII),
     HIDDEN),
)  # fmt: skip


def plain(value: Any, name: str = "") -> Any:
    """`value` as it may be written under `name`: None, bool, int, float, text, lists and dicts of such."""
    return _plain(value, name, 0)


def _plain(value: Any, name: str, depth: int) -> Any:
    try:
        return _bare(value, name, depth)
    except Exception:  # a log line is no place to fail for what somebody's object does when it is looked at
        return f"<{type(value).__name__}>"


def _bare(value: Any, name: str, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if names_secret(name):
        return HIDDEN
    if isinstance(value, int):
        return int(value) if -(2**63) <= value < 2**63 else text(str(value) if value.bit_length() < 9000 else "huge")
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(value)
    if isinstance(value, Mapping | list | tuple | set | frozenset):
        return _container(value, name, depth + 1) if depth < _DEEPEST else "…"
    return text(_words(value))


def _container(value: Any, name: str, depth: int) -> Any:
    if not isinstance(value, Mapping):
        return [_plain(item, name, depth) for item in islice(value, _MOST_ITEMS)]
    pairs = ((text(_words(key))[:200], item) for key, item in islice(value.items(), _MOST_ITEMS))
    return {key: _plain(item, key, depth) for key, item in pairs}


def _words(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return bytes(value[:_MOST_READ]).decode("utf-8", "backslashreplace")
    return f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else repr(value)


def text(words: str) -> str:
    """The text without secrets, as UTF-8 can carry it; cut where it is too long."""
    said = words[:_MOST_READ].encode("utf-8", "backslashreplace").decode()
    for looks, instead in _LOOKS:
        said = looks.sub(instead, said)
    return said if len(said) <= MOST_TEXT else said[:MOST_TEXT] + "…"
