"""Dead letters as v1 tells them."""

from dataclasses import asdict
from datetime import datetime

from pydantic import BaseModel, ConfigDict, JsonValue

from api.services.cursors import Page
from api.services.letters import Sent
from schemas.ledger import StoredLetter

_ID = "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"
_LETTER: dict[str, JsonValue] = {
    "id": _ID,
    "topic": "uploads",
    "partition": 0,
    "offset": 17,
    "stage": "uploads",
    "code": "malformed",
    "reason": "The value is not JSON.",
    "run_id": "",
    "size": 7,
    "at": "2026-01-05T10:30:00Z",
}


class Letter(BaseModel):
    """A message or record that a stage could not use. `size` counts the bytes of its value as text."""

    id: str
    topic: str
    partition: int
    offset: int
    stage: str
    code: str
    reason: str
    run_id: str
    size: int
    at: datetime


class LetterWhole(Letter):
    """With the original bytes."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_LETTER, "value": '{"reco'}]})

    value: str


class LetterPage(BaseModel):
    """A piece of the list."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"letters": [_LETTER], "next_cursor": "eyJhdCI6MX0"}]})

    letters: list[Letter]
    next_cursor: str | None


class LetterReplayed(BaseModel):
    """Its bytes are in its topic again; `sent` is false where that was before this request."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": _ID, "topic": "uploads", "sent": True, "replayed_at": "2026-01-05T10:30:00Z"}]
        }
    )

    id: str
    topic: str
    sent: bool
    replayed_at: datetime


def letter_page(page: Page[StoredLetter]) -> LetterPage:
    """A piece of the list, without values."""
    return LetterPage(letters=[Letter(**_known(letter)) for letter in page.items], next_cursor=page.next_cursor)


def whole_letter(letter: StoredLetter) -> LetterWhole:
    """One letter."""
    return LetterWhole(**_known(letter), value=letter.value)


def replayed(sent: Sent) -> LetterReplayed:
    """What became of the request."""
    return LetterReplayed(id=sent.letter.id, topic=sent.letter.topic, sent=sent.now, replayed_at=sent.at)


def _known(letter: StoredLetter) -> dict[str, object]:
    return {name: value for name, value in asdict(letter).items() if name != "value"}
