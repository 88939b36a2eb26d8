"""Dead letters: messages and records that a stage could not use."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.auth.permissions import Permission
from api.edge.bodies import StrictRoute
from api.gateway import SCHEMES, Administrator, From, Wired
from api.routes.v1.jobs import Cursor, Limit
from api.shapes.errors import documented
from api.shapes.letters import LetterPage, LetterReplayed, LetterWhole, letter_page, replayed, whole_letter

router = APIRouter(prefix="/api/v1/dead-letters", tags=["system"], dependencies=SCHEMES, route_class=StrictRoute)

LetterId = Annotated[
    str, Path(max_length=100, description="The letter's id.", examples=["0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"])
]
Word = Annotated[str | None, Query(max_length=100)]


@router.get("", summary="List dead letters", **documented(422, permission=Permission.ADMIN))
async def letters(
    caller: Administrator,
    gateway: Wired,
    topic: Word = None,
    stage: Word = None,
    code: Word = None,
    run_id: Word = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> LetterPage:
    """What no stage could use, newest first: where it stood and why."""
    return letter_page(await gateway.letters.page(cursor, limit, topic=topic, stage=stage, code=code, run_id=run_id))


@router.get("/{letter_id}", summary="Get a dead letter", **documented(404, permission=Permission.ADMIN))
async def letter(letter_id: LetterId, caller: Administrator, gateway: Wired) -> LetterWhole:
    """A letter with the original bytes: as text, or as base64 behind `base64:`."""
    return whole_letter(await gateway.letters.letter(letter_id))


@router.post("/{letter_id}/replay", summary="Replay a dead letter", **documented(404, 409, permission=Permission.ADMIN))
async def replay(letter_id: LetterId, caller: Administrator, gateway: Wired, visit: From) -> LetterReplayed:
    """Sends the original message to its topic again, with a header `trawl_replayed` that names the letter. Asked twice
    it is sent once: `replayed_at` says when. Raw records go as a batch of their own, and its run counts them as
    promised instead of rejected; a part of an upload is open again. 409 says what to do where sending would come to
    nothing: a letter of a single record, a page whose task has ended, clean records that were counted as rejected."""
    return replayed(await gateway.letters.replay(caller, letter_id, visit))
