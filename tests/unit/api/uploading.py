"""In-memory ports of uploads and of dead letters that are sent again."""

from collections.abc import Sequence
from datetime import UTC, datetime

from schemas.accounts import Act
from schemas.events import Upload
from schemas.ledger import Again, Asked, Opening


class FakeUploads:
    def __init__(self) -> None:
        self.opened: list[tuple[Opening, list[Upload]]] = []
        self.acts: list[Act] = []

    async def open(self, opening: Opening, uploads: Sequence[Upload], act: Act) -> None:
        self.opened.append((opening, list(uploads)))
        self.acts.append(act)


class FakeResent:
    def __init__(self) -> None:
        self.asked: dict[str, datetime | None] = {}
        self.acts: list[Act] = []
        self.sent: list[tuple[str, str, bytes, dict[str, bytes]]] = []
        self.broken = False
        self.closed = ""
        self.again: list[Again | None] = []

    async def ask(self, letter_id: str, act: Act, again: Again | None) -> Asked:
        if letter_id not in self.asked:
            if self.closed:
                return Asked(closed=self.closed)
            self.asked[letter_id] = None
            self.acts.append(act)
            self.again.append(again)
        return Asked(self.asked[letter_id])

    async def done(self, letter_id: str) -> None:
        self.asked[letter_id] = datetime.now(UTC)

    async def resend(self, topic: str, key: str, value: bytes, headers: Sequence[tuple[str, bytes]]) -> None:
        if self.broken:
            raise ConnectionError("The broker is away.")
        self.sent.append((topic, key, value, dict(headers)))
