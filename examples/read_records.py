"""Prints clean records of a dataset, one JSON object a line, as the topic `clean-records` carries them.

    python read_records.py BROKERS DATASET [--count N] [--seconds S]

A message is a batch: the records of one page, each with an id that is the same whenever the batch comes again. A
program that keeps records should keep them by that id.
"""

import argparse
import json
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

from confluent_kafka import Consumer


def batches(brokers: str, until: float) -> Iterator[dict[str, Any]]:
    """Every batch that the topic still holds, then those that come, until a moment of the monotonic clock."""
    consumer = Consumer(
        {
            "bootstrap.servers": brokers,
            "group.id": f"read-records-{uuid.uuid4()}",
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
        }
    )
    consumer.subscribe(["clean-records"])
    try:
        while time.monotonic() < until:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                sys.exit(f"Kafka says: {message.error()}")
            yield json.loads(message.value() or b"{}")
    finally:
        consumer.close()


def main() -> None:
    """Reads until enough records were printed or the time is over."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("brokers")
    arguments.add_argument("dataset")
    arguments.add_argument("--count", type=int, default=10)
    arguments.add_argument("--seconds", type=float, default=60)
    given = arguments.parse_args()
    seen: set[str] = set()
    for batch in batches(given.brokers, time.monotonic() + given.seconds):
        for record in batch["records"] if batch["dataset"] == given.dataset else ():
            if record["id"] not in seen:
                seen.add(record["id"])
                print(json.dumps(record["data"] | {"id": record["id"]}, ensure_ascii=False))
            if len(seen) >= given.count:
                return
    sys.exit(f"Only {len(seen)} records of {given.dataset} came within {given.seconds:g} s.")


if __name__ == "__main__":
    main()
