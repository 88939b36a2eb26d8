"""The examples are messages: the codec reads them, writes them again, and the schemas say the same of them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import codec
from schemas.errors import CodecError
from schemas.examples import Example, examples
from schemas.topics import DEAD_LETTERS, SCRAPE_REQUESTS, UPLOADS, topics
from tests.unit.schemas.validating import GENERATED, validator

EVENTS = [one for one in examples() if topics()[one.topic].struct]
OURS = [one for one in EVENTS if one.topic not in {SCRAPE_REQUESTS, UPLOADS}]
MEMBERS = [(one, member) for one in EVENTS for member in one.value]


def named(one: Example) -> str:
    return one.name


def test_every_topic_has_one_and_no_file_is_left_over() -> None:
    files = {path.name for path in (GENERATED.parent / "examples").iterdir()}
    assert files == {f"{topic}.v1.json" for topic in topics()}


@pytest.mark.parametrize("one", EVENTS, ids=named)
def test_the_codec_reads_it_and_writes_the_same(one: Example) -> None:
    assert json.loads(codec.encode(codec.decode(one.topic, one.wire))) == one.value


@pytest.mark.parametrize("one", EVENTS, ids=named)
def test_its_schema_takes_it(one: Example) -> None:
    validator(one.name).validate(one.value)


@pytest.mark.parametrize("one", OURS, ids=named)
def test_its_key_is_the_events(one: Example) -> None:
    assert one.key == codec.decode(one.topic, one.wire).partition_key()


def test_a_dead_letter_has_the_key_of_its_source() -> None:
    (letter,) = [one for one in examples() if one.topic == DEAD_LETTERS]
    assert letter.key == letter.headers["trawl_topic"]


def accepted(one: Example, value: Any) -> bool:
    try:
        codec.decode(one.topic, json.dumps(value).encode())
    except CodecError:
        return False
    return True


# No 1.0 (an integer in JSON Schema, none to the codec) and nothing beyond 64 bits.
leaf = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.sampled_from([0.5, -1.25]) | st.text(max_size=5)
anything = st.recursive(leaf, lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=5), some))
# Two things a schema cannot say or says better: text that is no base64, a job that intake will refuse.
agreed = [pair for pair in MEMBERS if pair[1] not in {"body", "job"}]


@given(st.sampled_from(agreed), anything)
def test_codec_and_schema_agree_on_any_member(pair: tuple[Example, str], value: Any) -> None:
    one, member = pair
    changed = one.value | {member: value}
    assert accepted(one, changed) == validator(one.name).is_valid(changed)


@pytest.mark.parametrize(("one", "member"), MEMBERS, ids=[f"{one.name}-{member}" for one, member in MEMBERS])
def test_codec_and_schema_agree_on_what_may_be_left_out(one: Example, member: str) -> None:
    less = {name: value for name, value in one.value.items() if name != member}
    assert accepted(one, less) == validator(one.name).is_valid(less)


@pytest.mark.parametrize("one", EVENTS, ids=named)
def test_both_ignore_members_that_they_do_not_know(one: Example) -> None:
    more = one.value | {"member_of_a_newer_writer": {"x": 1}}
    assert accepted(one, more)
    validator(one.name).validate(more)
