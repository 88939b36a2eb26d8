"""In which order the rows of one run go: what names seeds, then the seeds, then what they link to."""

SOURCE, SEED, LINK = 2, 1, 0


def priority_of(kind: str, depth: int) -> int:
    """The place of a new row; within one place breadth comes first. A redirect's target takes that of its source."""
    if kind != "page":
        return SOURCE
    return SEED if depth == 0 else LINK
