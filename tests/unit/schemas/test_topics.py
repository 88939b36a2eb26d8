"""Each topic is declared once, carries one Struct, and each Struct has one topic."""

import re

import pytest

import schemas.events
from schemas import topics as declarations
from schemas.events import Event
from schemas.topics import DEAD_LETTERS, Topic, topic_of, topics

STRUCTS = {found for found in vars(schemas.events).values() if isinstance(found, type) and issubclass(found, Event)}


def test_structs_and_topics_are_paired() -> None:
    carried = [topic.struct for topic in topics().values() if topic.struct]
    assert len(carried) == len(set(carried))
    assert set(carried) == STRUCTS - {Event}
    assert {topic_of(struct) for struct in carried} == topics().keys() - {DEAD_LETTERS}


def test_the_names_in_the_code_are_the_declared_ones() -> None:
    constants = {value for name, value in vars(declarations).items() if name.isupper() and isinstance(value, str)}
    assert constants == topics().keys()


@pytest.mark.parametrize("topic", topics().values(), ids=lambda topic: topic.name)
def test_a_declaration_is_complete(topic: Topic) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", topic.name)
    assert topic.description.endswith(".")
    assert topic.key
    assert topic.partitions >= 1
    assert topic.retention_hours >= 24
    assert topic.owner
    assert topic.written_by
    assert topic.read_by


def test_what_outsiders_write_or_read_is_public() -> None:
    assert {name for name, topic in topics().items() if "anyone" in topic.written_by} == {"scrape-requests", "uploads"}
    for topic in topics().values():
        assert topic.public == ("anyone" in topic.written_by + topic.read_by), topic.name
