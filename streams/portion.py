"""How much of a batch a stage begins before what it has is published."""

import time
from collections.abc import Iterator, Sequence

from schemas.delivery import Delivery, Handled

PORTION_S = 20.0
"""Seconds after which a stage begins no further message of a batch before what it has is published: a batch in which
every message takes long would otherwise keep its worker away for longer than it may be."""


def in_portion(batch: Sequence[Delivery], handled: Handled) -> Iterator[Delivery]:
    """The deliveries that a stage begins within PORTION_S, the first one in any case; the others become the rest."""
    until = time.monotonic() + PORTION_S
    for index, delivery in enumerate(batch):
        if index and time.monotonic() > until:
            handled.rest.extend(batch[index:])
            return
        yield delivery
