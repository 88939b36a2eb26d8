"""Asks for a run by publishing to `scrape-requests`: any Kafka client can.

    python publish_request.py BROKERS URL DATASET

The value is a job description, the same that REST takes. The CloudEvents headers name the request: publishing the
same source and id again opens no second run, so a program that is not sure whether it has asked may simply ask again.
"""

import json
import sys
import uuid
from urllib.parse import urlsplit

from confluent_kafka import KafkaError, Message, Producer


def main(brokers: str, url: str, dataset: str) -> None:
    """Publishes one request and waits until the broker has it on disk."""
    request = {
        "version": 1,
        "job": {
            "url": url,
            "name": dataset,
            "dataset": dataset,
            "options": {"delay": 0.5},
            "extract": {
                "items": "[data-sku]",
                "fields": {
                    "sku": {"css": "::attr(data-sku)", "required": True},
                    "name": ".name::text",
                    "price": {"css": ".price::text", "type": "price"},
                },
                "key": "sku",
            },
        },
    }
    event = str(uuid.uuid4())
    headers: list[tuple[str, str | bytes | None]] = [
        ("ce_specversion", b"1.0"),
        ("ce_type", b"trawl.scrape-requests.v1"),
        ("ce_source", b"/examples/publish-request"),
        ("ce_id", event.encode()),
        ("content-type", b"application/json"),
    ]
    failed: list[KafkaError] = []

    def delivered(error: KafkaError | None, message: Message) -> None:
        if error is not None:
            failed.append(error)

    producer = Producer({"bootstrap.servers": brokers, "acks": "all", "enable.idempotence": True})
    producer.produce("scrape-requests", json.dumps(request), key=event, headers=headers, on_delivery=delivered)
    waiting = producer.flush(30)
    if failed or waiting:
        sys.exit(f"The request was not published: {failed[0] if failed else 'the broker did not answer within 30 s'}.")
    print(f"Asked for {urlsplit(url).netloc}; its records will come in clean-records as dataset {dataset}.")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
