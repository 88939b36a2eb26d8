"""Bytes are an event or a CodecError with a stable code; never anything else."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.errors import CodecError
from schemas.events import Event
from schemas.examples import Example, examples
from schemas.topics import DEAD_LETTERS, RUN_EVENTS, SCRAPE_REQUESTS, topics
from tests.unit.schemas.validating import validator

EVENTS = [one for one in examples() if topics()[one.topic].struct]
CODES = {"empty", "malformed", "unknown_version", "invalid"}
DEEP = 100_000

HOPELESS = [
    ("nothing", None, "empty"),
    ("no bytes", b"", "empty"),
    ("blanks", b"  \n", "malformed"),
    ("cut short", b'{"version": 1', "malformed"),
    ("text", b"hello", "malformed"),
    ("NaN", b"NaN", "malformed"),
    ("UTF-16", "{}".encode("utf-16"), "malformed"),
    ("byte order mark", b"\xef\xbb\xbf{}", "malformed"),
    ("gzip", b"\x1f\x8b\x08\x00", "malformed"),
    ("an array", b"[]", "invalid"),
    ("null", b"null", "invalid"),
    ("a number", b"1", "invalid"),
    ("deep array", b"[" * DEEP, "invalid"),
    ("deep in an unknown member", b'{"x":' + b"[" * DEEP, "malformed"),
    ("deep and closed", b'{"x":' + b"[" * DEEP + b"]" * DEEP + b"}", "malformed"),
    ("next version", b'{"version": 2}', "unknown_version"),
    ("version as text", b'{"version": "1"}', "unknown_version"),
    ("no version", b'{"version": null}', "unknown_version"),
    ("endless version", b'{"version": ' + b"9" * 5000 + b"}", "unknown_version"),
]


def refusal(topic: str, value: bytes | None) -> CodecError:
    with pytest.raises(CodecError) as caught:
        codec.decode(topic, value)
    assert str(caught.value) == caught.value.reason
    assert caught.value.reason
    return caught.value


@pytest.mark.parametrize("topic", [one.topic for one in EVENTS])
@pytest.mark.parametrize(("value", "code"), [case[1:] for case in HOPELESS], ids=[case[0] for case in HOPELESS])
def test_what_is_no_event_of_any_topic(topic: str, value: bytes | None, code: str) -> None:
    assert refusal(topic, value).code == code


INNER = [
    ("two values", b"{} {}", "malformed"),
    ("invalid UTF-8", b'{"run_id": "\xff\xfe"}', "malformed"),
    ("half a surrogate pair", b'{"run_id": "\\ud800"}', "malformed"),
    ("an integer of 5,000 digits", b'{"job": {"a": ' + b"9" * 5000 + b"}}", "invalid"),
    ("a number beyond all floats", b'{"job": {"a": 1e999}}', "invalid"),
    ("a deep job", b'{"job": ' + b'{"a":' * DEEP, "malformed"),
    ("infinity", b'{"job": {"a": Infinity}}', "malformed"),
]


@pytest.mark.parametrize(("value", "code"), [case[1:] for case in INNER], ids=[case[0] for case in INNER])
def test_what_is_wrong_inside_a_request(value: bytes, code: str) -> None:
    assert refusal(SCRAPE_REQUESTS, value).code == code


def wrong_for(one: Example, member: str) -> Any:
    """A value that the member's schema refuses."""
    candidates: tuple[Any, ...] = ([[]], 5, "?")
    return next(value for value in candidates if not validator(one.name).is_valid(one.value | {member: value}))


MEMBERS = [(one, member) for one in EVENTS for member in one.value if member != "version"]


@pytest.mark.parametrize(("one", "member"), MEMBERS, ids=[f"{one.topic}-{member}" for one, member in MEMBERS])
def test_a_wrong_type_is_named_by_its_member(one: Example, member: str) -> None:
    problem = refusal(one.topic, json.dumps(one.value | {member: wrong_for(one, member)}).encode())
    assert problem.code == "invalid"
    assert topics()[one.topic].message in problem.reason
    assert f"$.{member}" in problem.reason


def test_a_missing_member_is_named() -> None:
    assert "`run_id`" in refusal(RUN_EVENTS, b'{"id": "x"}').reason


def test_a_message_without_version_is_the_first() -> None:
    assert codec.decode(SCRAPE_REQUESTS, b"{}").version == 1


@pytest.mark.parametrize("value", [b"{}", b"", b"\xff\x00", b'{"version": 99}'])
def test_a_topic_of_bytes_gives_the_bytes_whatever_they_are(value: bytes) -> None:
    assert codec.decode(DEAD_LETTERS, value) == value


def holds(topic: str, value: bytes) -> None:
    """An event of the topic's kind, which survives being written and read again; or one of the four refusals."""
    try:
        found = codec.decode(topic, value)
    except CodecError as problem:
        assert problem.code in CODES
        return
    struct = topics()[topic].struct
    assert struct and isinstance(found, struct) and isinstance(found, Event)
    assert codec.decode(topic, codec.encode(found)) == found


any_topic = st.sampled_from([one.topic for one in EVENTS])
leaf = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
any_json = st.recursive(leaf, lambda some: st.lists(some) | st.dictionaries(st.text(), some), max_leaves=10)


@given(any_topic, st.binary(max_size=200))
def test_arbitrary_bytes(topic: str, value: bytes) -> None:
    holds(topic, value)


@given(st.sampled_from(EVENTS), st.data())
def test_examples_with_a_member_replaced(one: Example, data: st.DataObject) -> None:
    member = data.draw(st.sampled_from(sorted(one.value)))
    holds(one.topic, json.dumps(one.value | {member: data.draw(any_json)}).encode())


@given(st.sampled_from(EVENTS), st.data())
def test_examples_with_bytes_overwritten(one: Example, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(one.wire) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=4))
    holds(one.topic, one.wire[:at] + noise + one.wire[at + len(noise) :])
