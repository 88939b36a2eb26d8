"""How long the questions of pages and programs take as one dataset grows from ten thousand records to ten million."""

import statistics
import time
from contextlib import ExitStack

from clickhouse_connect.driver.client import Client

from infra.clickhouse.client import connect
from infra.clickhouse.migrate import migrate
from infra.patience import LIMIT_S
from tests.bench.table import Table
from tests.engines import Engines, fresh_folder

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
REPEATS, PIECE = 7, 500_000
RUN = "11111111-1111-4111-8111-111111111111"

FILL = """
insert into records (id, dataset, run_id, job_id, batch_id, key, url, data, numbers, fetched_at, ingested_at)
select generateUUIDv4(1), 'shop', reinterpretAsUUID(toUInt128(intDiv(number, 5000) + 1)), {run:UUID},
    generateUUIDv4(2), concat('sku-', toString(number % 50000)),
    concat('https://shop', toString(number % 20), '.test/p/', toString(number)),
    concat('{"sku":"sku-', toString(number % 50000), '","name":"', arrayElement(words, number % 5 + 1), ' number ',
        toString(number), '","price":', toString(20 + number % 97), '}'),
    map('price', toFloat64(20 + number % 97)), toDateTime64(now() - 86400 * 20 + intDiv(number, 10), 3, 'UTC'),
    now64(3, 'UTC')
from (select number, ['quiet', 'bright', 'heavy', 'narrow', if(number % 10000 = 4, 'lighthouse', 'plain')] as words
    from numbers({begin:UInt64}, {count:UInt64}))
settings max_insert_block_size = 1000000, min_insert_block_size_rows = 500000"""

QUESTIONS = {
    "a page of one run's records": (
        "select id, key, url, data, fetched_at from records where dataset = 'shop' and run_id = {one:UUID} "
        "and key >= '' order by key, id limit 100"
    ),
    "the last 500 values of a series": (
        "select toUnixTimestamp64Milli(fetched_at) as at, numbers['price'] as value from records "
        "where dataset = 'shop' and key = 'sku-77' and mapContains(numbers, 'price') "
        "order by fetched_at desc, id limit 500"
    ),
    "records of a run, the dataset unknown": "select count() from records where run_id = {one:UUID}",
    "records by site and day": "select day, domain, records from records_by_day where dataset = 'shop' "
    "order by day, domain",
    "a rare word": "select count() from records where hasToken(data, 'lighthouse')",
    "mean price by site (a full scan)": "select domain, avg(numbers['price']) from records where dataset = 'shop' "
    "group by domain",
}  # fmt: skip


def measure(table: Table) -> None:
    """One row a question: the median of some repeats at each size, in milliseconds."""
    with ExitStack() as stack:
        engines = Engines(stack.enter_context(fresh_folder()))
        stack.callback(engines.stop)
        engines.start()
        migrate(engines.clickhouse)
        client = connect(engines.clickhouse, timeout=LIMIT_S)
        stack.callback(client.close)
        taken: dict[str, list[float]] = {name: [] for name in QUESTIONS}
        held = 0
        for size in SIZES:
            for begin in range(held, size, PIECE):
                client.command(FILL, parameters={"run": RUN, "begin": begin, "count": min(PIECE, size - begin)})
            held = size
            for name, question in QUESTIONS.items():
                taken[name].append(_median_ms(client, question))
        for name, times in taken.items():
            steps = ", ".join(f"{ms:.1f} ms at {size:,}" for ms, size in zip(times, SIZES, strict=True))
            table.row(f"query: {name}", f"{times[-1]:.1f} ms", "", steps)


def _median_ms(client: Client, question: str) -> float:
    (one,) = client.query("select toString(min(run_id)) from records").result_rows[0]
    times = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        client.query(question, parameters={"one": one})
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)
