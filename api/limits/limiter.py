"""Taking tokens: together with whoever asks at the same moment, and not at all for who is known to have none."""

import asyncio
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from api.errors import unavailable
from api.limits.categories import Category, Rate
from api.metrics import Metrics
from api.ports.limits import Rates
from schemas.limits import Ask, Taken

log = structlog.get_logger()

_TOGETHER = 200
_APART_S = 0.005
_WAITING = 5_000
_REMEMBERED = 20_000
_SWEEP_S = 60.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a request stands to its limit."""

    rate: Rate
    taken: Taken

    @property
    def refused(self) -> bool:
        """Whether it may not be answered."""
        return bool(self.taken.refused)

    @property
    def retry_after(self) -> int:
        """Whole seconds until it may come back: one at least."""
        return max(1, math.ceil(self.taken.retry))

    def headers(self) -> dict[str, str]:
        """The five headers. `Reset` is in epoch seconds."""
        return {
            "X-RateLimit-Limit": str(self.rate.limit),
            "X-RateLimit-Remaining": str(self.taken.remaining),
            "X-RateLimit-Reset": str(math.ceil(self.taken.reset)),
            "X-RateLimit-Burst": str(self.rate.burst),
            "X-RateLimit-Burst-Remaining": str(self.taken.burst_remaining),
        }


class Limiter:
    """Asks the store for tokens. All requests that come while it thinks are asked about in the next question, so that
    a busy gateway asks no more often than an idle one. Who was refused stays refused for the time that the store said:
    tokens of a bucket only ever become fewer until then, so asking again could not change the answer."""

    def __init__(
        self,
        rates: Rates,
        table: Mapping[Category, Rate],
        metrics: Metrics,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rates = rates
        self._table = table
        self._metrics = metrics
        self._clock = clock
        self._waiting: deque[tuple[Ask, asyncio.Future[Taken]]] = deque()
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = -math.inf
        self._refused: OrderedDict[tuple[str, str], tuple[float, Taken]] = OrderedDict()

    async def take(self, owner: str, category: Category) -> Standing:
        """A token for one request of `owner`. Raises what the store raises when it is away."""
        rate = self._table[category]
        taken = self._remembered(owner, category)
        if taken is None:
            taken = await self._asked(Ask(owner, category.value, rate.limit, rate.burst, rate.block))
        if taken.refused:
            self._metrics.refused.labels(f"rate_{taken.refused}").inc()
        return Standing(rate, taken)

    def unknown(self, category: Category) -> Standing:
        """How a request stands while nobody knows: as if nothing were left."""
        return Standing(self._table[category], Taken(0, 0, time.time() + 2))

    def _remembered(self, owner: str, category: Category) -> Taken | None:
        found = self._refused.get((owner, category))
        if found is None:
            return None
        until, taken = found
        left = until - self._clock()
        if left <= 0:
            del self._refused[owner, category]
            return None
        return Taken(taken.remaining, taken.burst_remaining, taken.reset, taken.refused, left)

    async def _asked(self, ask: Ask) -> Taken:
        if len(self._waiting) >= _WAITING:
            raise unavailable("Too many requests at once; try again shortly.", 1)
        future: asyncio.Future[Taken] = asyncio.get_running_loop().create_future()
        self._waiting.append((ask, future))
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await future

    async def _ask(self) -> None:
        while self._waiting:
            # Who comes within a moment of the last question waits for company: a question costs as much as an answer.
            await asyncio.sleep(max(0.0, self._asked_at + _APART_S - self._clock()))
            self._asked_at = self._clock()
            batch = [self._waiting.popleft() for _ in range(min(_TOGETHER, len(self._waiting)))]
            try:
                answers = await self._rates.take([ask for ask, _ in batch])
            except BaseException as problem:
                for _, future in batch:
                    if not future.done():
                        future.set_exception(problem) if isinstance(problem, Exception) else future.cancel()
                if not isinstance(problem, Exception):
                    raise
                continue
            for (ask, future), taken in zip(batch, answers, strict=True):
                if taken.refused:
                    self._remember(ask, taken)
                if not future.done():
                    future.set_result(taken)

    def _remember(self, ask: Ask, taken: Taken) -> None:
        self._refused[ask.owner, ask.category] = (self._clock() + taken.retry, taken)
        self._refused.move_to_end((ask.owner, ask.category))
        while len(self._refused) > _REMEMBERED:
            self._refused.popitem(last=False)

    async def run(self) -> None:
        """Sweeps the store's buckets for ever."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            try:
                await self._rates.sweep()
            except Exception as problem:  # the next minute sweeps what this one left
                log.warning("rates_not_swept", error=str(problem))
