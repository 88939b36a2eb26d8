"""Which pages may act in a signed-in person's name: only our own (OWASP ASVS 5.0, 3.5).

A cookie is sent by the browser whoever asks for it, so a request that changes something, and any WebSocket, must come
from a page of this gateway. The browser says so in `Origin` (or `Sec-Fetch-Site`), which no page can forge.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit


def same_origin(headers: Mapping[str, str], scheme: str) -> bool:
    """Whether the browser says that the request was made by a page of this very gateway."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "same-origin"
    parts = urlsplit(origin)
    ours = {"https"} if scheme in ("https", "wss") else {"http"}
    return parts.scheme in ours and parts.netloc.lower() == headers.get("host", "").lower()


def foreign_origin(headers: Mapping[str, str], scheme: str, allowed: tuple[str, ...]) -> bool:
    """Whether a page of somebody else asks; programs, which send no Origin, are nobody's page."""
    origin = headers.get("origin")
    return origin is not None and origin not in allowed and not same_origin(headers, scheme)
