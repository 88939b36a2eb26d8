"""What a consumer of ours hands out, as every room sees it."""

from typing import Any

from schemas.message import Message


def message_of(record: Any) -> Message:
    """An aiokafka ConsumerRecord without Kafka."""
    return Message(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple(record.headers),
        record.timestamp,
    )
