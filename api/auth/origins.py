"""Which pages may act in a signed-in person's name: only our own (OWASP ASVS 5.0, 3.5).

A cookie is sent by the browser whoever asks for it, so a request that changes something, and any WebSocket, must come
from a page of this gateway. The browser says so in `Origin` (or `Sec-Fetch-Site`), which no page can forge. Origins are
compared as text and never parsed: what is not spelled as a browser spells it (RFC 6454, 6.2) is not ours.
"""

from collections.abc import Mapping


def secure(scheme: str, public_url: str) -> bool:
    """Whether the browser speaks TLS: by the address it was given, else by what the request came over."""
    return (public_url or f"{scheme}:").startswith(("https:", "wss:"))


def same_origin(headers: Mapping[str, str], scheme: str, public_url: str = "") -> bool:
    """Whether the browser says that the request was made by a page of this very gateway. With a `public_url` that is
    the gateway's only origin; else it is the one under which the request came."""
    origin = headers.get("origin")
    if origin is None:
        return headers.get("sec-fetch-site") == "same-origin"
    here = f"{'https' if secure(scheme, '') else 'http'}://{headers.get('host', '')}"
    return origin.lower() == (public_url or here).lower()


def foreign_origin(headers: Mapping[str, str], scheme: str, allowed: tuple[str, ...], public_url: str = "") -> bool:
    """Whether a page of somebody else asks; programs, which send no Origin, are nobody's page."""
    origin = headers.get("origin")
    return origin is not None and origin not in allowed and not same_origin(headers, scheme, public_url)
