"""When a host says itself how long to stay away."""

import re
from email.utils import parsedate_to_datetime

from schemas.moments import zoned

_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?").fullmatch
MAX_WAIT = 3600.0
"""Seconds that are believed at most: some servers send years."""


def retry_after(value: str | None, now: float, max_wait: float = MAX_WAIT) -> float | None:
    """Seconds to wait by a Retry-After header: a number or any of HTTP's three date forms (RFC 9110, 10.2.3, 5.6.7).

    `now` is epoch seconds. A date in the past is 0, anything beyond `max_wait` is `max_wait`; None for no header, a
    negative number or anything else that means nothing: then the own back-off decides alone.
    """
    text = (value or "").strip()
    if _SECONDS(text):
        return min(float(text[:12]), max_wait)
    if not text or text[0] in "+-":
        return None
    try:
        date = zoned(parsedate_to_datetime(text))
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    return max(0.0, min(date.timestamp() - now, max_wait))
