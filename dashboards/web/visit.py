"""A visit that was let in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Visit:
    """Who looks and until when (epoch seconds); `nonce` is what the page's own scripts carry. A visit without a
    subject is over before it began."""

    subject: str = ""
    until: float = 0.0
    nonce: str = ""
