"""The AsyncAPI 3.0 document: all that a program in any language needs to talk to Trawl over Kafka.

Seen from Trawl, as the specification asks: it receives `scrape-requests` and sends `clean-records`. What AsyncAPI has
no word for (key, owner, who writes and reads) is said in `x-` members of the channel.
"""

from typing import Any

from schemas.examples import VERSIONS, Example, example
from schemas.json_schema import Schema, definitions
from schemas.topics import Topic, topics

ANYONE = "anyone"
"""How `topics.yaml` names programs that are not ours."""

JSON = "application/json"
BYTES = "application/octet-stream"

_DESCRIPTION = (
    "Everything that travels through Trawl. Values are JSON; headers are CloudEvents 1.0 in Kafka's binary mode and a "
    "W3C `traceparent`.\n\n"
    "The same event may come twice: whoever keeps events keeps them by `ce_id`. Members that a reader does not know "
    "are to be ignored: a version may gain members with a default, and nothing else of it ever changes."
)


def document() -> dict[str, Any]:
    """The whole document as plain data."""
    declared = list(topics().values())
    found = [example(topic.name, version) for topic in declared for version in VERSIONS]
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Trawl",
            "version": str(max(VERSIONS)),
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": JSON,
        "servers": {"brokers": _brokers()},
        "channels": {topic.name: _channel(topic) for topic in declared},
        "operations": {name: said for topic in declared for name, said in _operations(topic).items()},
        "components": {
            "messages": {one.name: _message(topics()[one.topic], one) for one in found},
            "schemas": {"CloudEvent": CLOUD_EVENT, "DeadLetter": DEAD_LETTER, **definitions("#/components/schemas/")},
        },
    }


def _brokers() -> dict[str, Any]:
    return {
        "host": "{brokers}",
        "protocol": "kafka",
        "description": "`trawl env` prints the address of what runs on this machine as TRAWL_KAFKA.",
        "variables": {"brokers": {"default": "127.0.0.1:9092", "description": "host:port[,host:port]"}},
    }


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {f"v{version}": _ref("messages", f"{topic.name}.v{version}") for version in VERSIONS},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": topic.retention_hours * 3_600_000,
                    "retention.bytes": -1,
                },
                "bindingVersion": "0.5.0",
            }
        },
        "x-key": topic.key,
        "x-owner": topic.owner,
        "x-public": topic.public,
        "x-written-by": list(topic.written_by),
        "x-read-by": list(topic.read_by),
    }


def _operations(topic: Topic) -> dict[str, Any]:
    """What our processes do with a topic; what only anyone else does is theirs to declare."""
    channel = {"channel": {"$ref": f"#/channels/{topic.name}"}}
    told = {}
    for action, sides, verb in (("send", topic.written_by, "written"), ("receive", topic.read_by, "read")):
        ours = [name for name in sides if name != ANYONE]
        if ours:
            told[f"{action}-{topic.name}"] = {"action": action, **channel, "summary": f"{verb} by {', '.join(ours)}"}
    return told


def _message(topic: Topic, one: Example) -> dict[str, Any]:
    letter = topic.struct is None
    payload = ORIGINAL_BYTES if letter else _ref("schemas", topic.message)
    return {
        "name": one.name,
        "title": "Dead letter" if letter else topic.message,
        "summary": topic.description,
        "contentType": BYTES if letter else JSON,
        "headers": headers_schema(topic, one.version),
        "payload": payload,
        "bindings": {"kafka": {"key": {"type": "string", "description": topic.key}, "bindingVersion": "0.5.0"}},
        "examples": [{"name": one.name, "headers": one.headers, "payload": one.value}],
    }


def headers_schema(topic: Topic, version: int) -> Schema:
    """The headers of one kind of message. An outsider may leave them out; then its place in the log names it."""
    kind = {"ce_type": {"const": f"trawl.{topic.name}.v{version}"}}
    required = [] if ANYONE in topic.written_by else ["ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time"]
    if topic.struct is None:
        parts = [_ref("schemas", "CloudEvent"), _ref("schemas", "DeadLetter")]
    else:
        parts = [_ref("schemas", "CloudEvent")]
        kind["content-type"] = {"const": JSON}
    return {"type": "object", "allOf": parts, "properties": kind, "required": required}


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


def _text(description: str, **rules: Any) -> Schema:
    return {"type": "string", **rules, "description": description}


CLOUD_EVENT: Schema = {
    "type": "object",
    "description": "CloudEvents 1.0, Kafka protocol binding, binary mode; W3C Trace Context.",
    "properties": {
        "ce_specversion": {"const": "1.0"},
        "ce_id": _text("With ce_source the event's name: a repeat has the same.", minLength=1),
        "ce_source": _text("Who says it: `/trawl/<process>`, or an outsider's own.", format="uri-reference"),
        "ce_type": _text("`trawl.<topic>.v<version>`", pattern=r"^trawl\.[a-z-]+\.v[1-9][0-9]*$"),
        "ce_time": _text("When it was published, RFC 3339 in UTC.", format="date-time"),
        "traceparent": _text(
            "Present where the event belongs to a run; the trace id is that of one URL in one run.",
            pattern="^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$",
        ),
    },
}

DEAD_LETTER: Schema = {
    "type": "object",
    "description": "Whence a dead letter came, and why it could not be used.",
    "properties": {
        "trawl_topic": _text("The topic of the message.", minLength=1),
        "trawl_partition": _text("Its partition.", pattern="^[0-9]+$"),
        "trawl_offset": _text("Its offset.", pattern="^[0-9]+$"),
        "trawl_stage": _text("Who could not use it.", minLength=1),
        "trawl_code": _text("Why, for programs.", pattern="^[a-z_]+$"),
        "trawl_reason": _text("Why, for people."),
        "trawl_run": _text("The run it belongs to, empty where none is known."),
        "trawl_cut": _text("How many bytes it had, where the value was cut to fit.", pattern="^[0-9]+$"),
    },
    "required": [f"trawl_{part}" for part in ("topic", "partition", "offset", "stage", "code", "reason", "run")],
}

ORIGINAL_BYTES: Schema = _text("The original bytes, whatever they are: a whole message, or one record of it as JSON.")
