"""The seam between the lossless loop and a stage: what comes in, what must go out before it is acknowledged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas.events import Event
from schemas.ids import dead_letter_id
from schemas.message import Message


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message and the event that its bytes mean."""

    message: Message
    event: Any


@dataclass(frozen=True, slots=True)
class Reject:
    """Something a stage cannot use: it goes to the dead letters with its reason, and the stage goes on.

    `value` is the original bytes of the message, or of the one record in it; `id` is deterministic, so that the
    same letter written twice is one letter.
    """

    message: Message
    code: str
    reason: str
    id: str
    value: bytes
    run_id: str = ""

    @classmethod
    def of(cls, message: Message, code: str, reason: str, run_id: str = "") -> "Reject":
        """The whole message is the letter."""
        identity = dead_letter_id(message.topic, message.partition, message.offset)
        return cls(message, code, reason[:2000], identity, message.value or b"", run_id)


@dataclass(frozen=True, slots=True)
class Handled:
    """What a stage made of its deliveries. Outputs are published in order before anything is acknowledged.

    `rest` are those that it did not come to in good time: they are given to it again once the others are published.
    """

    outputs: list[Event] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rest: list[Delivery] = field(default_factory=list)


Settled = Mapping[tuple[str, int], int]
"""(topic, partition) → the offset after the last message that may be acknowledged."""


def settled_after(messages: list[Message]) -> dict[tuple[str, int], int]:
    """All of them: the offset after the last message of each partition."""
    ends: dict[tuple[str, int], int] = {}
    for message in messages:
        place = (message.topic, message.partition)
        ends[place] = max(ends.get(place, 0), message.offset + 1)
    return ends
