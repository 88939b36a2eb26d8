"""A plain Faust agent, as its manual begins: one event at a time, JSON by Faust's own codec, acknowledged as it goes.

It reads records like those of `products.py`, one a message, cleans a name and a price, and keeps a mean for each of
sixteen groups, in a table of Faust or in a dict. What it is spared: checks, scores, keys, trends, and storing anything.
Run as a program it is the agent: `python -m tests.bench.peer BROKER TOPIC RECORDS table|dict`.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.acceptance.system import System
from tests.bench.paced import SECONDS
from tests.bench.table import Table

RECORDS = {"table": 20_000, "dict": 60_000}
PARTITIONS, GROUPS = 8, 16
PATIENCE_S = 180.0
_TOLD = "told.json"


async def measure(system: System, table: Table, rate: float, cost: Mapping[str, float]) -> None:
    """Both agents on the system's own broker, beside what `cost` (seconds a record by stage) and `rate` were."""
    ours = sum(cost.values())
    for means, whole in RECORDS.items():
        records = max(1000, int(whole * min(1.0, SECONDS / 60)))
        topic = f"peer-{uuid.uuid4().hex[:8]}"
        broker = system.endpoint("kafka")
        await _publish(broker, topic, records)
        told = await asyncio.to_thread(_agent, broker, topic, records, means)
        assert told["seen"] == records, told
        table.row(
            f"a plain Faust agent, means in a {means}",
            f"{records / told['seconds']:.0f} /s",
            "",
            f"{1e6 * told['cpu'] / records:.0f} µs of processor time a record; {'+'.join(cost)} {1e6 * ours:.0f} µs: "
            f"{told['cpu'] / records / ours:.1f} times less; {rate * told['seconds'] / records:.1f} times the rate",
        )


async def _publish(broker: str, topic: str, records: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(topic, PARTITIONS, 1)])
    finally:
        await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=broker, linger_ms=20) as producer:
        sent = []
        for number in range(records):
            group, cents = f"bench-{number % GROUPS}", 2000 + number * 7 % 1000
            record = {"sku": f"sku-{number % 250}", "name": f"  Product number {number % 250} of the shop ",
                      "price": f"£{cents // 100}.{cents % 100:02}", "rating": f"{1 + number % 40 / 10:.1f}",
                      "url": f"/product/{number % 250}", "group": group}  # fmt: skip
            sent.append(await producer.send(topic, orjson.dumps(record), key=group.encode()))
        await asyncio.gather(*sent)


def _agent(broker: str, topic: str, records: int, means: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="trawl-peer-") as folder:
        argv = [sys.executable, "-m", "tests.bench.peer", broker, topic, str(records), means]
        environ = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
        subprocess.run(argv, cwd=folder, env=environ, stdout=subprocess.DEVNULL, timeout=PATIENCE_S, check=True)
        return dict(orjson.loads(Path(folder, _TOLD).read_bytes()))


def _tell(seconds: float, cpu: float, seen: int) -> None:
    """Ends the process: what was measured is over, and Faust would take seconds to leave."""
    Path(_TOLD).write_bytes(orjson.dumps({"seconds": seconds, "cpu": cpu, "seen": seen}))
    os._exit(0)


def _be_agent(broker: str, topic: str, records: int, means: str) -> None:
    import faust
    from price_parser import Price

    app = faust.App(topic, broker=f"kafka://{broker}", web_enabled=False)
    kept: Any = app.Table("means", default=lambda: [0, 0.0]) if means == "table" else {}
    clean: list[dict[str, Any]] = []
    began = [0.0, 0.0]

    async def process(stream: Any) -> None:
        async for record in stream:
            if not clean:
                began[:] = [time.perf_counter(), time.process_time()]
            price = Price.fromstring(record["price"])
            count, mean = kept.get(record["group"]) or (0, 0.0)
            amount = float(price.amount or 0)
            kept[record["group"]] = [count + 1, mean + (amount - mean) / (count + 1)]
            name = " ".join(record["name"].split())
            clean.append({**record, "name": name, "price": amount, "rating": float(record["rating"])})
            if len(clean) == records:
                _tell(time.perf_counter() - began[0], time.process_time() - began[1], len(clean))

    app.agent(app.topic(topic))(process)
    sys.argv = [sys.argv[0], "--quiet", "worker", "--loglevel", "error", "--without-web"]
    app.main()


if __name__ == "__main__":
    _be_agent(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
