"""The only place where bytes become events and events become bytes.

Values are JSON; the headers are CloudEvents 1.0 in Kafka's binary mode and a W3C `traceparent`.
"""

from functools import cache
from typing import Any

import msgspec
import orjson

from schemas.errors import CodecError
from schemas.events import Event
from schemas.ids import traceparent
from schemas.topics import topic_of, topics

_encoder = msgspec.json.Encoder()


class _Versioned(msgspec.Struct):
    """Any version of any event: a newer one may differ in everything else, in whatever order it is written."""

    version: Any = 1


_version = msgspec.json.Decoder(_Versioned)


@cache
def _decoder(topic: str, struct: type | None) -> msgspec.json.Decoder[Any] | None:
    struct = struct or topics()[topic].struct
    return None if struct is None else msgspec.json.Decoder(struct)


def encode(event: Event) -> bytes:
    """The event's value on the wire."""
    return _encoder.encode(event)


def decode(topic: str, value: bytes | None, struct: type | None = None) -> Any:
    """The event that `value` holds; on a topic of original bytes (dead letters) those bytes, whatever they are. With
    `struct` it is read as that: the topic's own, but for what the reader leaves unread.

    Raises CodecError with code `empty`, `malformed` (not JSON), `unknown_version` or `invalid` (the reason names
    the field). The caller dead-letters the original bytes with that reason.
    """
    decoder = _decoder(topic, struct)
    if decoder is None:
        return value or b""
    if not value:
        raise CodecError("empty", f"The message has no value; {topic} expects a JSON object.")
    try:
        return decoder.decode(value)
    except msgspec.ValidationError as problem:
        if not _known_version(value):
            raise CodecError("unknown_version", f"Unknown version for {topic}: {problem}") from problem
        raise CodecError("invalid", f"Not a valid {topics()[topic].message}: {problem}") from problem
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise CodecError("malformed", f"Not JSON: {problem}") from problem


def _known_version(value: bytes) -> bool:
    try:
        found = _version.decode(value).version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        return "`$.version`" not in str(problem)  # no object at all, or a version that is endless
    return type(found) is int and found == 1


def headers(event: Event, source: str, time: str) -> list[tuple[str, bytes]]:
    """CloudEvents attributes and the trace of an event that `source` publishes at `time` (RFC 3339)."""
    found = [
        ("ce_specversion", b"1.0"),
        ("ce_id", event.event_id().encode()),
        ("ce_source", f"/trawl/{source}".encode()),
        ("ce_type", f"trawl.{topic_of(type(event))}.v{event.version}".encode()),
        ("ce_time", time.encode()),
        ("content-type", b"application/json"),
    ]
    run, fingerprint = event.trace_of()
    if run:
        found.append(("traceparent", traceparent(run, fingerprint, event.event_id()).encode()))
    return found


def dumps(value: Any) -> bytes:
    """Canonical JSON (sorted keys) of plain data: what identities and the letters of single records are made of."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
