"""An answer as the stage and its children make it together, here and now."""

from collections.abc import Sequence
from datetime import datetime
from random import Random

from schemas.events import FetchResult
from streams.extraction.answer import answer_read, answer_unread, answer_unreadable
from streams.extraction.closings import Answer
from streams.extraction.contents import read_contents
from streams.extraction.errors import ExtractionError
from streams.extraction.reading import Reader


def answer_page(
    result: FetchResult, reader: Reader, now: datetime, dice: Random, trail: Sequence[str] = (), links: bytes = b""
) -> Answer:
    """The answer to a response, read however long that takes."""
    answer = answer_unread(result, reader, now, dice, trail, links)
    if answer is not None:
        return answer
    try:
        return answer_read(result, reader, read_contents(result, reader))
    except ExtractionError as problem:
        return answer_unreadable(result, problem, reader, now, dice)
