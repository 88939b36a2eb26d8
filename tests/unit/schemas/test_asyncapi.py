"""The AsyncAPI document: whole, in line with the topic table, and its examples keep its own rules."""

from collections.abc import Iterator
from typing import Any

import pytest

from schemas.examples import Example, examples
from schemas.topics import Topic, topics
from tests.unit.schemas.validating import asyncapi, draft_7

MEMBERS = {"asyncapi", "info", "servers", "defaultContentType", "channels", "operations", "components"}


def references(node: Any) -> Iterator[str]:
    """Every `$ref`, wherever it is."""
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for inner in node.values():
            yield from references(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from references(inner)


def resolved(reference: str) -> Any:
    node: Any = asyncapi()
    for step in reference.removeprefix("#/").split("/"):
        node = node[step]
    return node


def test_it_has_what_version_3_asks_for() -> None:
    document = asyncapi()
    assert document["asyncapi"] == "3.0.0"
    assert document.keys() <= MEMBERS
    assert document["info"].keys() >= {"title", "version"}
    assert all(server.keys() >= {"host", "protocol"} for server in document["servers"].values())
    assert all(one.keys() >= {"action", "channel"} for one in document["operations"].values())
    assert {one["action"] for one in document["operations"].values()} == {"send", "receive"}


def test_every_reference_leads_somewhere_within_the_document() -> None:
    found = set(references(asyncapi()))
    assert len(found) > 40
    assert all(reference.startswith("#/") and resolved(reference) for reference in found)


def test_every_component_is_used() -> None:
    parts = asyncapi()["components"]
    used = set(references(asyncapi()))
    assert {f"#/components/{kind}/{name}" for kind, named in parts.items() for name in named} <= used


@pytest.mark.parametrize("topic", topics().values(), ids=lambda topic: topic.name)
def test_a_channel_says_what_the_topic_table_says(topic: Topic) -> None:
    channel = asyncapi()["channels"][topic.name]
    kafka = channel["bindings"]["kafka"]
    assert (channel["address"], kafka["topic"]) == (topic.name, topic.name)
    assert kafka["partitions"] == topic.partitions
    assert kafka["topicConfiguration"]["retention.ms"] == topic.retention_hours * 3600 * 1000
    assert (channel["x-key"], channel["x-owner"], channel["x-public"]) == (topic.key, topic.owner, topic.public)
    assert (channel["x-written-by"], channel["x-read-by"]) == (list(topic.written_by), list(topic.read_by))


def test_channels_and_topics_are_the_same() -> None:
    assert asyncapi()["channels"].keys() == topics().keys()


def test_operations_are_what_our_own_processes_do() -> None:
    names = asyncapi()["operations"].keys()
    assert {"send-scrape-requests", "receive-scrape-requests", "send-clean-records", "send-dead-letters"} <= names
    assert "send-uploads" in names
    assert "intake" in asyncapi()["operations"]["receive-scrape-requests"]["summary"]
    assert all("anyone" not in one["summary"] for one in asyncapi()["operations"].values())


@pytest.mark.parametrize("one", examples(), ids=lambda one: one.name)
def test_an_example_keeps_the_rules_of_its_message(one: Example) -> None:
    message = asyncapi()["components"]["messages"][one.name]
    (shown,) = message["examples"]
    assert (shown["headers"], shown["payload"]) == (one.headers, one.value)
    draft_7(message["headers"]).validate(one.headers)
    draft_7(message["payload"]).validate(one.value)


@pytest.mark.parametrize("header", ["trawl_topic", "trawl_partition", "trawl_offset", "trawl_code", "ce_id", "ce_type"])
def test_a_dead_letter_without_one_of_its_headers_breaks_them(header: str) -> None:
    message = asyncapi()["components"]["messages"]["dead-letters.v1"]
    headers = {name: value for name, value in message["examples"][0]["headers"].items() if name != header}
    assert not draft_7(message["headers"]).is_valid(headers)


def test_an_outsider_may_leave_all_headers_out_but_not_write_them_wrongly() -> None:
    headers = draft_7(asyncapi()["components"]["messages"]["scrape-requests.v1"]["headers"])
    assert headers.is_valid({})
    assert not headers.is_valid({"ce_type": "trawl.uploads.v1"})
    assert not headers.is_valid({"traceparent": "00-xyz"})
