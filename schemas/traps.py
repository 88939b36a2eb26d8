"""Addresses that have no end: what a link must not look like to be followed.

Rules on the URL itself, so that they hold across restarts and processes without a memory. The bounds are generous:
Heritrix refuses paths of more than 20 segments and sequences of segments that come three times in a row
(`TooManyPathSegmentsDecideRule`, `PathologicalPathDecideRule`), and so is done here where they are six segments or
more together: dates and tiles repeat short ones (`/11/11/11`). What remains endless (every combination of a shop's
filters) ends with the job's max_pages.
"""

import re

MAX_SEGMENTS = 20
MAX_PARAMETERS = 20
MAX_CHAIN = 100
"""Links from a seed after which pages that differ from the page that links to them in numbers alone are a chain
without an end: a calendar, or counting. A job that states its own max_depth has said how long its chains may be."""

REPEATED = 6
"""Segments that a repetition is made of, at least."""

FEW_SLASHES = 2 + REPEATED
"""Slashes of the shortest URL whose path can be a trap."""

_NUMBERS = re.compile(r"[0-9]+").sub


def endless_shape(url: str) -> str | None:
    """Why the canonical `url` is a trap by its looks alone; None: it is none."""
    head, _, query = url.partition("?")
    if query.count("&") >= MAX_PARAMETERS:
        return f"trap: more than {MAX_PARAMETERS} parameters"
    if head.count("/") < FEW_SLASHES:
        return None
    segments = head.split("/")[3:]
    if len(segments) > MAX_SEGMENTS:
        return f"trap: more than {MAX_SEGMENTS} path segments"
    if len(set(segments)) < len(segments) and _repeats(segments):
        return "trap: a path that repeats itself"
    return None


def endless_chain(url: str, found_on: str) -> str | None:
    """Why a link that is MAX_CHAIN links away from its seed is a trap, seen from the page that it was found on."""
    if _NUMBERS("0", url) == _NUMBERS("0", found_on):
        return f"trap: more than {MAX_CHAIN} links away, and only numbers have changed"
    return None


def _repeats(segments: list[str]) -> bool:
    """A sequence of segments three times in a row, or more often, until it is REPEATED segments long."""
    for width in range(1, len(segments) // 3 + 1):
        wanted, same = max(3 * width, REPEATED) - width, 0
        for before, after in zip(segments, segments[width:], strict=False):
            same = same + 1 if before == after else 0
            if same == wanted:
                return True
    return False
