"""What is published: typed product records without end, of which the count and the sum of prices are known."""

import random
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from schemas.events import CleanRules, FieldRule, RecordBatch
from schemas.ids import batch_id, digest

IN_BATCH = 250
VARIANTS = 61
"""Pages of prices that take turns; a prime, so that they do so differently in each of sixteen datasets."""

FIRST_S = 1_767_225_600
"""The first record's moment, 2026-01-01; the others of its dataset follow a second a batch."""

PARAGRAPH = (
    "The keeper climbed the narrow stairs before dawn, trimmed the lamp and wrote the weather into the book, as every "
    "keeper had done since the tower was built on the rock. "
)
"""English, so that the language is looked for; six of it make a text of 1,000 characters."""

RULES = CleanRules(
    fields={
        "sku": FieldRule(required=True),
        "name": FieldRule(),
        "price": FieldRule(type="price"),
        "rating": FieldRule(type="number"),
        "url": FieldRule(type="url"),
    },
    key=["sku"],
)


class Products:
    """The batches of one run, made as they are asked for; prices move a little from batch to batch, as they do."""

    def __init__(self, run: str, datasets: Sequence[str], text: str = "") -> None:
        self.run = run
        self.published = 0
        self.cents = 0
        self._datasets = datasets
        self._more = {"description": text} if text else {}

    @property
    def records(self) -> int:
        return self.published * IN_BATCH

    @cached_property
    def _variants(self) -> list[tuple[list[dict[str, Any]], int]]:
        dice = random.Random(7)
        return [self._rows(dice) for _ in range(VARIANTS)]

    def _rows(self, dice: random.Random) -> tuple[list[dict[str, Any]], int]:
        prices = [2000 + place * 10 + dice.randrange(100) for place in range(IN_BATCH)]
        rows = [
            {
                "sku": f"sku-{place}",
                "name": f"  Product number {place} of the shop ",
                "price": f"£{cents // 100}.{cents % 100:02}",
                "rating": f"{1 + dice.random() * 4:.1f}",
                "url": f"/product/{place}",
                **self._more,
            }
            for place, cents in enumerate(prices)
        ]
        return rows, sum(prices)

    def next(self, batches: int) -> list[RecordBatch]:
        """So many more; they count as published."""
        found = [self._batch(number) for number in range(self.published, self.published + batches)]
        self.published += batches
        return found

    def _batch(self, number: int) -> RecordBatch:
        page, fetch = digest(self.run, str(number)), digest(self.run, "fetch", str(number))
        turn, place = divmod(number, len(self._datasets))
        rows, cents = self._variants[turn % VARIANTS]
        self.cents += cents
        return RecordBatch(
            id=batch_id(self.run, page, fetch, 1, 0),
            dataset=self._datasets[place],
            run_id=self.run,
            job_id=digest(self.run, "job"),
            url="http://bench.test/",
            url_fp=page,
            fetch_id=fetch,
            fetched_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(FIRST_S + turn)),
            rules=RULES,
            records=rows,
        )
