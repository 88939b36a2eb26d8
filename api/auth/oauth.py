"""The rules of OAuth2 as this gateway keeps them (RFC 6749, 7636, 8252, 9207, 9700): pure, nothing is looked up."""

import base64
import hashlib
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlencode, urlsplit

from api.auth.permissions import Permission

CODE_LIFETIME_S = 60
"""RFC 6749, 4.1.2 allows ten minutes at most; a browser needs a second."""

_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}").fullmatch
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}").fullmatch
# What a browser may be sent to, and what a policy header may name, without any way to mean something else.
_REDIRECT = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*):(?://(?P<host>[a-z0-9.-]+|\[[0-9a-f:]+\])(?P<port>:[0-9]{1,5})?)?"
    r"(?P<rest>/[A-Za-z0-9._~!$&'()*+,=:@%/-]*)?(?P<query>\?[A-Za-z0-9._~!$&'()*+,=:@%/?-]*)?"
).fullmatch
_LOOPBACK = ("127.0.0.1", "[::1]")


class OAuthError(Exception):
    """An error that clients understand: a code of RFC 6749 (5.2, 4.1.2.1) or of its followers, and a sentence. With
    `back` the browser is sent there with it; else it is said here."""

    def __init__(self, code: str, sentence: str, status: int = 400, back: str = "") -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.status = status
        self.back = back


def redirect_problem(uri: str) -> str | None:
    """Why a redirect URI cannot be registered; None for one that can: https, http on this very machine (RFC 8252, 7.3),
    or an app's own scheme with a dot in it (7.1)."""
    found = _REDIRECT(uri)
    if found is None:
        return "Write a whole URI in lower-case scheme and host, without a fragment, a user or spaces."
    scheme, host = found["scheme"], found["host"] or ""
    if scheme == "https" and host:
        return None
    if scheme == "http" and host in _LOOPBACK:
        return None
    if "." in scheme and found["rest"]:
        return None
    return "Use https://, http://127.0.0.1 for a program on its user's machine, or an app's scheme: com.example.app:/"


def redirect_fits(registered: Iterable[str], asked: str) -> bool:
    """Whether a client may be answered there: exactly as registered (RFC 9700, 2.1), but for the port of an address on
    this very machine, which a program learns only when it listens (RFC 8252, 7.3)."""
    here = _portless(asked)
    return any(asked == uri or (here is not None and here == _portless(uri)) for uri in registered)


def _portless(uri: str) -> tuple[str, str, str] | None:
    found = _REDIRECT(uri)
    if found is None or found["scheme"] != "http" or found["host"] not in _LOOPBACK:
        return None
    return found["host"], found["rest"] or "", found["query"] or ""


def form_target(uri: str) -> str:
    """What a page's policy must allow so that its form's answer may lead to `uri`."""
    parts = urlsplit(uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") else f"{parts.scheme}:"


def back(uri: str, **values: str) -> str:
    """Where the browser is sent with an answer; parts that are empty are left out."""
    return f"{uri}{'&' if '?' in uri else '?'}{urlencode({name: value for name, value in values.items() if value})}"


def known_scopes(text: str) -> tuple[str, ...]:
    """The permissions that a space-separated list names, in their own order. OAuthError for any other name."""
    asked = set(text.split())
    found = tuple(permission.value for permission in Permission if permission.value in asked)
    if len(found) != len(asked):
        raise OAuthError("invalid_scope", "A scope is the name of a permission, such as read_data; this one is none.")
    return found


def shared(*lists: Sequence[str]) -> tuple[str, ...]:
    """What all of them have, in the order of the first."""
    return tuple(name for name in lists[0] if all(name in other for other in lists[1:]))


def is_challenge(text: str) -> bool:
    """Whether it can be an S256 challenge: 256 bits in URL-safe base64."""
    return _CHALLENGE(text) is not None


def challenge_of(verifier: str) -> str | None:
    """The S256 challenge of a verifier (RFC 7636, 4.2); None for what no verifier may look like."""
    if _VERIFIER(verifier) is None:
        return None
    return s256(verifier)


def s256(verifier: str) -> str:
    """The challenge that stands for a verifier of ours or of a program's."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
