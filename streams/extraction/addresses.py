"""Addresses as a page writes them, made whole."""

from urllib.parse import urljoin


def joined(base: str, reference: str) -> str:
    """The reference under its page's base (RFC 3986, 5); as it is where it is no address at all."""
    try:
        return urljoin(base, reference.strip())
    except ValueError:
        return reference
