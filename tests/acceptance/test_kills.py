"""SIGKILL to each process and engine in mid-crawl, while outsiders upload: the run completes, what is stored is what
the site served, and every upload is there once."""

import json

import pytest
from confluent_kafka import Producer

from tests.acceptance.system import Site, System, until

VICTIMS = ("intake", "uploads", "dispatch", "fetch", "extraction", "cleaning", "trends", "warehouse", "gateway",
           "kafka", "postgres", "clickhouse")  # fmt: skip
PAGES = 400
UPLOADS, IN_UPLOAD = 40, 75


class Outsider:
    """Anybody's Kafka client: it publishes records, and knows how many and what they cost together.

    Some must have arrived before the kill: an idempotent librdkafka producer whose very first requests meet a partition
    without a leader reports messages as delivered that no broker has (confluent-kafka-go #921: its sequence begins at 4
    instead of 0). That loss is on the other side of the wire, where nobody but the outsider can count.
    """

    def __init__(self, system: System, dataset: str) -> None:
        self._producer = Producer({"bootstrap.servers": system.endpoint("kafka"), "enable.idempotence": True})
        self._system, self._dataset = system, dataset
        self._sent = 0

    def send(self, uploads: int) -> None:
        """So many messages; a broker that is away gets them when it is back."""
        rules = {"fields": {"cost": {"type": "price"}}, "key": ["sku"]}
        for _ in range(uploads):
            numbers = range(self._sent * IN_UPLOAD, (self._sent + 1) * IN_UPLOAD)
            records = [{"sku": f"S-{number}", "cost": f"£{number}.50"} for number in numbers]
            value = json.dumps({"dataset": self._dataset, "records": records, "rules": rules}).encode()
            self._producer.produce("uploads", value, key=str(self._sent).encode())
            self._sent += 1
        self._producer.poll(0)

    def acknowledged(self) -> None:
        """Returns when the broker has said so of each message."""
        assert self._producer.flush(60) == 0

    def all_there(self) -> bool:
        """Whether each record is stored; AssertionError where one is twice or costs something else."""
        self.acknowledged()
        found = "select count(), uniqExact(id), uniqExact(key), sum(numbers['cost']) from records"
        [(rows, distinct, keys, cost)] = self._system.query(f"{found} where dataset = {{d:String}}", d=self._dataset)
        wanted = self._sent * IN_UPLOAD
        assert rows == distinct == keys == wanted, f"{rows} rows, {distinct} distinct, {keys} keys of {wanted}"
        return bool(cost == sum(number + 0.5 for number in range(wanted)))


def crawl(site: Site, dataset: str) -> dict[str, object]:
    return {
        "url": f"{site.url}/",
        "name": dataset,
        "dataset": dataset,
        "options": {"follow": True, "max_pages": PAGES, "delay": 0, "concurrency": 8},
        "extract": {
            "items": "article.product",
            "fields": {
                "sku": {"css": "dd.sku::text", "required": True},
                "name": "h1::text",
                "price": {"css": ".offer .price::text", "type": "price"},
            },
            "key": "sku",
        },
    }


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_kill_loses_nothing_and_doubles_nothing(system: System, site: Site, victim: str) -> None:
    already, outsider = len(site.hits()), Outsider(system, f"kill-{victim}-uploads")
    outsider.send(UPLOADS // 4)
    outsider.acknowledged()
    job_id = system.scrape(crawl(site, f"kill-{victim}"))
    until("the crawl is on its way", lambda: system.job(job_id)["counts"]["fetched"] >= PAGES // 8)

    outsider.send(UPLOADS // 4)
    pid = system.kill(victim)
    outsider.send(UPLOADS // 2)

    job = system.ended(job_id)
    until(f"{victim} is back", lambda: system.restarted(victim, pid))
    until("every upload is stored once", outsider.all_there)
    assert job["status"] == "completed", job
    counts = job["counts"]
    assert counts["requested"] == counts["fetched"] + counts["failed"] + counts["filtered"], counts
    assert counts["fetched"] == PAGES, counts
    assert counts["extracted"] == counts["stored"] + counts["rejected"] + counts["dropped"], counts

    [(rows, distinct)] = system.query(
        "select count(), uniqExact(id) from records where job_id = {job:UUID}", job=job_id
    )
    stored = {url for (url,) in system.query("select url from records where job_id = {job:UUID}", job=job_id)}
    hits = [hit for hit in site.hits()[already:] if hit["path"].startswith("/product/") and hit["status"] == 200]
    served = {f"{site.url}{hit['path']}" for hit in hits}
    assert rows == distinct == len(stored) == counts["stored"]
    assert stored == served
    most = max(sum(other["path"] == hit["path"] for other in hits) for hit in hits)
    assert most <= 2, f"a page was visited {most} times"
