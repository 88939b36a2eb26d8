"""Another program, with another client library that knows nothing of this project: a request in, records out."""

import json
import uuid

from confluent_kafka import Consumer, Producer

from tests.acceptance.system import Site, System, until


def test_a_published_request_starts_a_run_whose_records_anyone_can_read(system: System, site: Site) -> None:
    dataset = f"outside-{uuid.uuid4().hex[:8]}"
    job = {
        "url": f"{site.url}/deals",
        "dataset": dataset,
        "options": {"delay": 0},
        "extract": {
            "items": ".deal",
            "fields": {"sku": "::attr(data-sku)", "price": {"css": ".price::text", "type": "price"}},
            "key": "sku",
        },
    }
    event = {"ce_source": b"/another/program", "ce_id": dataset.encode()}
    producer = Producer({"bootstrap.servers": system.endpoint("kafka")})
    for _ in range(2):  # said twice, as an at-least-once program will
        producer.produce("scrape-requests", json.dumps({"job": job}).encode(), headers=list(event.items()))
    producer.flush(30)

    records = read(system, "clean-records", lambda batch: batch["dataset"] == dataset)
    assert len(records["records"]) == 100
    assert all(isinstance(record["data"]["price"], float) for record in records["records"])
    [(rows, distinct, runs)] = until(
        "the records are stored",
        lambda: stored(system, dataset),
    )
    assert (rows, distinct, runs) == (100, 100, 1)


def stored(system: System, dataset: str) -> list[tuple[int, int, int]] | None:
    rows = system.query(
        "select count(), uniqExact(id), uniqExact(run_id) from records where dataset = {d:String}", d=dataset
    )
    return [(int(a), int(b), int(c)) for a, b, c in rows] if rows[0][0] >= 100 else None


def read(system: System, topic: str, wanted) -> dict:  # type: ignore[no-untyped-def, type-arg]
    """The first message that is wanted, from the beginning, as JSON."""
    consumer = Consumer(
        {
            "bootstrap.servers": system.endpoint("kafka"),
            "group.id": f"another-{uuid.uuid4()}",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    try:

        def look() -> dict | None:  # type: ignore[type-arg]
            for message in consumer.consume(1000, timeout=1.0):
                try:
                    found = json.loads(message.value() or b"")
                    if wanted(found):
                        return dict(found)
                except (ValueError, LookupError):
                    continue  # somebody else's poison
            return None

        return until(f"a message on {topic}", look)
    finally:
        consumer.close()
