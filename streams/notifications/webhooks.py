"""Sends what waits for webhooks: signed, guarded, its places shared among owners and endpoints."""

import asyncio
import random
import time
from collections.abc import Callable

import structlog

from schemas.exchange import ExchangeRequest, ExchangeResponse, ExchangeResult
from schemas.webhooks import Attempt, DueDelivery, Shares, signed_headers
from streams.notifications.pauses import endpoint_rest, webhook_pause
from streams.notifications.ports import Deliveries, Exchange

log = structlog.get_logger()

AT_ONCE = 32
SHARES = Shares(of_host=4, of_owner_at_host=3, of_owner=8, of_doubtful=16)
"""Endpoints that failed last, and those that never answered, have half of the places together. Whoever's well ones fall
silent holds a quarter for 15 s, once: who has well ones always finds a place."""

TOTAL_S = 15.0
LEASE_S = 120.0
_KEPT_BODY = 1000
_GONE = 410


class WebhookSender:
    """At least once, under the same webhook-id: whoever dies between the answer and the row sends it again."""

    def __init__(
        self,
        deliveries: Deliveries,
        exchange: Exchange,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._deliveries = deliveries
        self._exchange = exchange
        self._clock = clock
        self._chance = chance
        self._tasks: dict[asyncio.Task[None], DueDelivery] = {}

    async def turn(self) -> bool:
        """Begins what is due and has room. False: nothing is, and nothing is under way."""
        room, under_way = AT_ONCE - len(self._tasks), bool(self._tasks)
        busy = list(self._tasks.values())
        taken = await self._deliveries.take(room, LEASE_S, SHARES, busy) if room else []
        for due in taken:
            task = asyncio.create_task(self._send(due))
            self._tasks[task] = due
            task.add_done_callback(self._tasks.pop)
        if not taken and self._tasks:
            await asyncio.wait(self._tasks, timeout=1.0, return_when=asyncio.FIRST_COMPLETED)
        return bool(taken) or under_way

    async def drain(self, seconds: float) -> None:
        """Waits for what is under way, so long; what is left then is sent again by whoever comes next."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=seconds)
        for task in self._tasks:
            task.cancel()

    async def _send(self, due: DueDelivery) -> None:
        try:
            attempt = _attempt(await self._exchange.fetch(self._request(due)))
            if not attempt.why:
                await self._deliveries.delivered(due, attempt)
                return
            pause = None if attempt.gone else webhook_pause(due.tries, self._chance())
            rest = endpoint_rest(due.failures + 1, self._chance())
            log.info("webhook_not_delivered", id=due.id, webhook=due.webhook_id, why=attempt.why, again_in_s=pause)
            await self._deliveries.not_delivered(due, attempt, pause, rest)
        except Exception as problem:  # the row's lease ends, and it is tried again
            log.warning("delivery_not_noted", id=due.id, error=str(problem))

    def _request(self, due: DueDelivery) -> ExchangeRequest:
        body = due.body.encode()
        signed = signed_headers(due.secrets, due.id, int(self._clock()), body)
        return ExchangeRequest(
            url=due.url, method="POST", body=body, headers=(("Content-Type", "application/json"), *signed),
            connect_timeout=5.0, read_timeout=10.0, total_timeout=TOTAL_S, max_body=4 * _KEPT_BODY, cut=True,
        )  # fmt: skip


def _attempt(result: ExchangeResult) -> Attempt:
    """2xx is yes; everything else is no, a redirect too: what is signed goes where it was meant to and nowhere else."""
    if not isinstance(result, ExchangeResponse):
        return Attempt(status=result.status, ms=round(result.elapsed_ms, 1), body="", why=result.reason[:500])
    status = result.status
    shown = result.body.decode("utf-8", "replace").replace("\x00", "\ufffd")[:_KEPT_BODY]
    why = "" if 200 <= status < 300 else f"The answer was {status}."
    if 300 <= status < 400:
        why = f"The answer was {status}; redirects are not followed: give the address that they lead to."
    return Attempt(status=status, ms=round(result.times.total, 1), body=shown, why=why, gone=status == _GONE)
