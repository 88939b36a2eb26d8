"""Publishing: in order, acknowledged, and an outage is an outage."""

import asyncio
import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from infra.errors import StoreRefused, StoreUnavailable
from infra.kafka import publisher as publishing
from infra.kafka.provision import provision
from infra.kafka.publisher import MAX_MESSAGE, Publisher
from infra.local.ports import free_port
from schemas import codec
from schemas.delivery import Reject
from schemas.events import RecordBatch, Upload
from schemas.message import Message
from schemas.topics import DEAD_LETTERS, UPLOADS
from tests.engines import Engines
from tests.integration.kafka.workers import read_all


@pytest.fixture
async def publisher(engines: Engines) -> AsyncIterator[Publisher]:
    await provision(engines.kafka)
    async with Publisher(engines.kafka, "test") as publisher:
        yield publisher


def uploads(tag: str, count: int) -> list[Upload]:
    return [Upload(dataset=tag, id=f"{number}", records=[]) for number in range(count)]


async def found(engines: Engines, tag: str) -> list[tuple[Upload, Message]]:
    """What arrived under a tag, as it stands in the log."""
    messages = [m for m in await read_all(engines.kafka, UPLOADS) if m.key == tag.encode()]
    return [(codec.decode(UPLOADS, message.value), message) for message in messages]


async def test_events_of_one_key_stay_in_order(engines: Engines, publisher: Publisher) -> None:
    tag = uuid4().hex
    sent = uploads(tag, 1000)
    await publisher.send_all(sent[:600])
    await publisher.send_all(sent[600:])
    arrived = await found(engines, tag)
    assert [event for event, _ in arrived] == sent
    assert len({message.partition for _, message in arrived}) == 1


async def test_an_event_says_what_it_is(engines: Engines, publisher: Publisher) -> None:
    tag = uuid4().hex
    batch = RecordBatch(id=str(uuid4()), dataset=tag, run_id=str(uuid4()), job_id="", url="", url_fp="x", fetch_id="",
                        fetched_at="")  # fmt: skip
    await publisher.send(batch)
    (message,) = [m for m in await read_all(engines.kafka, "raw-records") if m.key == tag.encode()]
    assert message.header("ce_specversion") == "1.0" and message.header("ce_id") == batch.id
    assert message.header("ce_source") == "/trawl/test" and message.header("ce_type") == "trawl.raw-records.v1"
    version, trace, span, flags = message.header("traceparent").split("-")
    assert (version, len(trace), len(span), flags) == ("00", 32, 16, "01")


async def test_what_is_too_large_is_refused_and_the_next_goes_out(engines: Engines, publisher: Publisher) -> None:
    tag = uuid4().hex
    with pytest.raises(StoreRefused, match="over"):
        await publisher.send(Upload(dataset=tag, id="x" * MAX_MESSAGE, records=[]))
    await publisher.send_all(uploads(tag, 1))
    assert len(await found(engines, tag)) == 1


async def test_a_letter_is_the_original_bytes_with_place_and_reason(engines: Engines, publisher: Publisher) -> None:
    value = b"\0\xff not JSON " + uuid4().bytes
    message = Message("raw-pages", 7, 123, b"key", value)
    await publisher.dead_letters("cleaning", [Reject.of(message, "malformed", "Grüße: " + "x" * 5000, "a run")])
    (letter,) = [m for m in await read_all(engines.kafka, DEAD_LETTERS) if m.value == value]
    assert [letter.header(f"trawl_{name}") for name in ("topic", "partition", "offset", "stage", "code", "run")] == [
        "raw-pages", "7", "123", "cleaning", "malformed", "a run",
    ]  # fmt: skip
    assert letter.header("trawl_reason").startswith("Grüße: xxx") and len(letter.header("trawl_reason")) == 2000


async def test_a_letter_fits_however_large_the_message_was(engines: Engines, publisher: Publisher) -> None:
    """The broker measures what is compressed: nine megabytes may come in, and do not go out."""
    mark = uuid4().bytes
    await publisher.dead_letters("intake", [Reject.of(Message("x", 0, 0, None, mark + value), "malformed", "")
                                            for value in (os.urandom(3_000_000), b"[" * 9_000_000)])  # fmt: skip
    letters = [m for m in await read_all(engines.kafka, DEAD_LETTERS) if m.value and m.value.startswith(mark)]
    assert [letter.header("trawl_cut") for letter in letters] == ["3000016", "9000016"]


async def test_without_a_broker_it_does_not_start() -> None:
    with pytest.raises(StoreUnavailable, match="does not answer"):
        async with Publisher(f"127.0.0.1:{free_port()}", "test"):
            raise AssertionError("there is no broker")


async def test_telemetry_is_dropped_rather_than_waited_for(engines: Engines) -> None:
    publisher = Publisher(engines.kafka, "test")
    assert publisher.send_soon(uploads("nobody", 1)[0]) is False and publisher.dropped == 1
    async with publisher:
        taken = [publisher.send_soon(event) for event in uploads(uuid4().hex, 1100)]
    assert taken == [True] * 1000 + [False] * 100 and publisher.dropped == 101


async def test_an_outage_is_said_and_then_waited_out(
    engines: Engines, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    tag = uuid4().hex
    await publisher.send_all(uploads(tag, 1))
    engines.kill("kafka")
    try:
        with monkeypatch.context() as impatient:
            impatient.setattr(publishing, "_ATTEMPT_S", 0.5)
            with pytest.raises(StoreUnavailable):
                await publisher.send(Upload(dataset=tag, id="lost or not", records=[]))
        waiting = asyncio.create_task(publisher.send(Upload(dataset=tag, id="waited", records=[])))
    finally:
        await asyncio.to_thread(engines.restart, "kafka")
    await waiting
    ids = [event.id for event, _ in await found(engines, tag)]
    assert ids[0] == "0" and ids.count("waited") == 1 and ids.count("lost or not") <= 1


async def test_a_gap_in_a_producers_numbers_does_not_last(engines: Engines, publisher: Publisher) -> None:
    """As aiokafka leaves one when it gives a batch up: numbered, and never sent."""
    tag = uuid4().hex
    await publisher.send_all(uploads(tag, 1))
    assert publisher._producer
    numbers = publisher._producer._txn_manager._sequence_numbers
    for place in numbers:
        numbers[place] += 1
    with pytest.raises(StoreUnavailable, match="OutOfOrder"):
        await publisher.send(Upload(dataset=tag, id="refused", records=[]))
    await publisher.send(Upload(dataset=tag, id="again", records=[]))
    assert [event.id for event, _ in await found(engines, tag)] == ["0", "again"]
