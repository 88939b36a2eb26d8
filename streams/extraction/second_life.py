"""An answer that was given before a crash and comes out otherwise now: what was said is what is published.

Reading is deterministic but for its bounds: a page that takes two seconds may be read in one life of the worker and cut
off in the next. Its row was closed by the first, its batches were promised by it, and only they may be published.
"""

from dataclasses import replace

import structlog

from streams.extraction.answer import answer_read
from streams.extraction.bodies import Bodies, MissingBodyError, whole
from streams.extraction.closings import Answer
from streams.extraction.errors import ExtractionError
from streams.extraction.places import Elsewhere

log = structlog.get_logger()


async def as_before(
    answer: Answer, before: tuple[str, str, str, int], bodies: Bodies, patient: Elsewhere | None
) -> Answer:
    """The answer whose outcome, class, reason and number of records stand in the frontier.

    Where it was read the page is read once more by `patient`, which has time for what was read in time before: its
    batches are promised, an empty one too. Without it, where that fails or gives another number of records, and for
    what is dead-lettered by now, the records stay out, and the alert for pages that are short names the page.
    """
    outcome, klass, reason, records = before
    if outcome == "fetched" and patient is not None and answer.closing.outcome != "dead_lettered":
        try:
            page = await whole(answer.result, bodies)
            again = answer_read(answer.result, answer.reader, await patient.read(page, answer.reader))
            if again.closing.records == records:
                return replace(again, closing=replace(again.closing, url_fp=answer.closing.url_fp))
            found = f"It gives {again.closing.records} now."
            log.error("not_as_before", url=answer.result.url[:500], records=records, error=found)
        except (ExtractionError, MissingBodyError) as problem:
            log.error("not_as_before", url=answer.result.url[:500], records=records, error=str(problem))
    said = replace(answer.closing, outcome=outcome, klass=klass, reason=reason, records=records, batches=(), links=())
    return replace(answer, closing=said, batches=[], oversized=[])
