"""Idempotency keys: of any number of requests with one key one is carried out, and all get its answer.

After draft-ietf-httpapi-idempotency-key-header-07. A key counts for a user, a method and a path, for 24 hours. Two
things hold where a gateway is killed between the commit of a deed and its answer: the deed's transaction marks the key
as done (schemas.accounts.Act.claim), so that no other attempt can do it again; and what a deed makes has ids that
derive from the key's row, so that the next attempt finds it and answers with it.
"""

import asyncio
import contextlib
import hashlib
import hmac
from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4, uuid5

import structlog

from api.auth.deeds import Deed
from api.errors import ApiError, Fault, conflict, invalid
from api.ports import IdempotencyKeys
from schemas.accounts import Claim
from schemas.idempotency import Held, KeptAnswer

log = structlog.get_logger()

MAX_ANSWER = 1_000_000
"""Bytes of an answer that is kept; a longer one is made anew for whoever asks again."""

_KEYS = UUID("9c0f5d0e-52f6-5a57-8f0e-2a1d64c0b7aa")
_LONGEST_S = 300.0


class AnsweredBefore(Exception):
    """The request was carried out before; this is its answer."""

    def __init__(self, answer: KeptAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class Attempt:
    """One attempt at a request, from its claim to its end: says every few seconds that it is still under way."""

    def __init__(self, keys: IdempotencyKeys, claim: Claim, lease: float, away: tuple[type[Exception], ...]) -> None:
        self._keys = keys
        self._claim = claim
        self._lease = lease
        self._away = away
        self._renewing = asyncio.create_task(self._renew())

    async def answered(self, answer: KeptAnswer) -> None:
        """What everyone who asks again is answered."""
        await self._end(self._keys.answer(self._claim, answer))

    async def failed(self, *, undone: bool) -> None:
        """It may be tried again; `undone`: it was refused, and has changed nothing."""
        await self._end(self._keys.release(self._claim, undone=undone))

    async def _end(self, saying: Awaitable[None]) -> None:
        self._renewing.cancel()
        try:
            await saying
        except self._away as problem:  # the claim ends by itself; the answer that we have is still right
            log.warning("idempotency_key_not_kept", error=str(problem))

    async def _renew(self) -> None:
        async with asyncio.timeout(_LONGEST_S):
            while True:
                await asyncio.sleep(self._lease / 3)
                with contextlib.suppress(*self._away):
                    await self._keys.renew(self._claim)


class Idempotency:
    """Decides whether a request is to be carried out."""

    def __init__(
        self,
        keys: IdempotencyKeys,
        away: tuple[type[Exception], ...],
        secret: str,
        new_id: Callable[[], UUID] = uuid4,
    ) -> None:
        """`secret`: what all gateways share and the store does not know. A body may hold a password, which whoever
        reads a bare hash of it could try out."""
        self._keys = keys
        self._hiding = hmac.digest(secret.encode(), b"bodies of requests with an Idempotency-Key", "sha256")
        self._away = away
        self._new_id = new_id

    async def begin(self, user_id: str, route: str, key: str, content: bytes, deed: Deed) -> Attempt:
        """Fills in the deed. AnsweredBefore where it was done; ApiError 409 while it is being done, 422 where the key
        came with another request."""
        if not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
            raise invalid(
                "Idempotency-Key", "Send 1 to 255 printable ASCII characters, such as a UUID.", "INVALID_FORMAT"
            )
        row = str(uuid5(_KEYS, "\x1f".join((user_id, route, key))))
        claim = Claim(row, str(self._new_id()))
        body_hash = hmac.digest(self._hiding, content, hashlib.sha256)
        standing = await self._keys.claim(claim, body_hash, str(self._new_id()))
        if isinstance(standing, Held):
            deed.name, deed.claim = standing.deed, claim
            return Attempt(self._keys, claim, standing.lease, self._away)
        if isinstance(standing, KeptAnswer):
            raise AnsweredBefore(standing)
        if standing == "another request":
            said = (
                "This key came with another request before; take a new key for each request, the same for its repeats."
            )
            raise invalid("Idempotency-Key", said, "KEY_REUSED")
        said = "The first request with this key is still being carried out; ask again in a second."
        raise ApiError(
            409, "CONFLICT", said, [Fault("Idempotency-Key", said, "IN_PROGRESS")], headers={"Retry-After": "1"}
        )


def done_but_lost() -> ApiError:
    """For a deed that was done by an attempt which never answered, and whose answer cannot be made again."""
    return conflict(
        "Idempotency-Key", "This request was carried out, but its answer was lost; look at what it was to change."
    )
