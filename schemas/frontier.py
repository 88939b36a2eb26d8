"""In which order the rows of one run go (what names seeds, then the seeds, then what they link to), and how many."""

SOURCE, SEED, LINK = 2, 1, 0

MAX_SOURCES = 1000
"""Sitemaps and feeds that a run reads at most: they cost no budget, and an index may name indexes without end."""

MAX_BEYOND = 1000
"""New links of one answer that become rows although the budget has no room for them, to be told why they were left."""

TOO_MANY_SOURCES = "more than 1,000 sitemaps and feeds"


def left_out_note(count: int) -> str:
    """What the row of an answer says of links that became no rows."""
    return f"{count:,} links more than max_pages has room for were left out"


def priority_of(kind: str, depth: int) -> int:
    """The place of a new row; within one place breadth comes first. A redirect's target takes that of its source."""
    if kind != "page":
        return SOURCE
    return SEED if depth == 0 else LINK
