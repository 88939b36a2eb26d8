"""What a dead letter looks like as a message: somebody's bytes, cut to what fits, with place and reason in headers."""

from schemas.delivery import Reject

ROOM_FOR_HEADERS = 32_768
"""Bytes kept free for the headers: a reason of 2,000 characters of four bytes is the longest, the others are short."""

_LONGEST_NAME = 200


def letter(stage: str, source: str, reject: Reject, time: str, most: int) -> tuple[str, bytes, list[tuple[str, bytes]]]:
    """Key, value and headers; together they fit into a message of `most` bytes, whatever an outsider has sent.

    A broker measures what was compressed, a producer what was not: what came in may be too large to go out as it is.
    `trawl_cut` then says how many bytes it had.
    """
    message = reject.message
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", reject.id.encode()),
        ("ce_source", f"/trawl/{source}".encode()),
        ("ce_type", b"trawl.dead-letters.v1"),
        ("ce_time", time.encode()),
        ("trawl_topic", message.topic.encode()),
        ("trawl_partition", str(message.partition).encode()),
        ("trawl_offset", str(message.offset).encode()),
        ("trawl_stage", stage.encode()),
        ("trawl_code", reject.code.encode()),
        ("trawl_reason", reject.reason[:2000].encode("utf-8", "replace")),
        ("trawl_run", reject.run_id[:_LONGEST_NAME].encode("utf-8", "replace")),
    ]
    value = _cut(reject.value, most - ROOM_FOR_HEADERS)
    if len(value) < len(reject.value):
        headers.append(("trawl_cut", str(len(reject.value)).encode()))
    return message.topic, value, headers


def _cut(value: bytes, room: int) -> bytes:
    """As much of the beginning as fits; a character of UTF-8 is not torn, so that text stays text."""
    if len(value) <= room:
        return value
    end = room
    while end > room - 4 and value[end] & 0xC0 == 0x80:
        end -= 1
    return value[:end]
