"""Messages of Kafka and rows of the warehouse, as parcels."""

from typing import cast

from api.live.frames import LiveEvent, Parcel
from schemas.events import CleanBatch, Event
from schemas.heads import BatchHead
from schemas.message import Message
from schemas.past import PastMessage

_RECORD = 400
"""Bytes that a record counts for where its message is not at hand."""


def parcel_of(message: Message, event: Event | BatchHead) -> Parcel:
    """A message that is live."""
    return Parcel(
        message.topic, message.partition, message.offset, cast(LiveEvent, event), len(message.value or b"") + 200
    )


def stored_parcel(topic: str, message: PastMessage, told_before: int, cut: bool) -> Parcel:
    """A message as the warehouse holds it, without the frames that were told before."""
    event = message.event
    size = _RECORD * (len(event.records) if isinstance(event, CleanBatch) else 1)
    return Parcel(topic, message.partition, message.offset, event, size, told_before, cut, stored=True)
