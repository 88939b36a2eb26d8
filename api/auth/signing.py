"""The keys that tokens are signed with, and how they follow one another without signing anyone out.

A key is published as `next` long before it signs, signs as `current`, and is believed as `retired` for as long as
anything that it signed may live; so neither a replica nor anyone who checks tokens elsewhere ever meets a key that it
does not know (NIST SP 800-57, 5.3: cryptoperiods).
"""

import asyncio
import base64
import hashlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from api.errors import unavailable
from api.ports.signing import SigningKeys
from schemas.accounts import Act
from schemas.signing import KeyState, SigningKey

log = structlog.get_logger()

DAY = 86_400
_LEEWAY_S = 300
"""A replica may sign for a moment with a key that was just retired, and clocks differ; what comes later is not ours."""


@dataclass(frozen=True, slots=True)
class Known:
    """A key in memory. `until` (epoch seconds) is when a retired one stops being believed, `signed_by` the latest
    `iat` that is believed of it."""

    kid: str
    private: Ed25519PrivateKey
    public: Ed25519PublicKey
    state: KeyState
    since: datetime
    until: float = float("inf")
    signed_by: float = float("inf")

    def jwk(self) -> dict[str, str]:
        """The public half (RFC 8037)."""
        return {
            "kty": "OKP",
            "crv": "Ed25519",
            "x": _public_text(self.public),
            "kid": self.kid,
            "use": "sig",
            "alg": "EdDSA",
        }


def made(private: Ed25519PrivateKey, state: KeyState, since: datetime) -> SigningKey:
    """A private key as it is kept."""
    content = private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
    return SigningKey(kid=thumbprint(private.public_key()), private=content, state=state, since=since)


def derived(seed: str) -> Ed25519PrivateKey:
    """The key that the data folder's seed makes: the first one of every installation."""
    # The seed is a random string of any length; the label keeps this key apart from others made of it.
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"trawl token signing v1\n" + seed.encode()).digest())


def thumbprint(public: Ed25519PublicKey) -> str:
    """RFC 7638: the name of a public key."""
    content = f'{{"crv":"Ed25519","kty":"OKP","x":"{_public_text(public)}"}}'
    return _text(hashlib.sha256(content.encode()).digest())


class KeyRing:
    """The keys of this replica. With a store they are those that every replica shares, and are looked up again every
    few seconds; without one there is the seed's alone."""

    def __init__(
        self,
        seed: str,
        store: SigningKeys | None = None,
        *,
        believed_for: float = 31 * DAY,
        rotate_after: float = 90 * DAY,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`believed_for` is the longest life of anything signed, `rotate_after` how long a key signs; seconds."""
        self._store = store
        self._believed_for = believed_for
        self._rotate_after = rotate_after
        self._clock = clock
        self._seed = derived(seed)
        self._keys: dict[str, Known] = {}
        self._current: Known | None = None
        self._looked = float("-inf")
        self._looking = asyncio.Lock()
        if store is None:
            self._take([made(self._seed, "current", datetime.fromtimestamp(0, UTC))])

    def signing(self) -> Known:
        """The key that signs now. ApiError 503 until the store has said which that is."""
        if self._current is None:
            raise unavailable("The keys that sign tokens are not known yet; try again shortly.")
        return self._current

    def get(self, kid: object) -> Known | None:
        """A key that is believed now."""
        known = self._keys.get(kid) if isinstance(kid, str) else None
        return known if known and known.until > self._clock() else None

    def jwks(self) -> dict[str, Any]:
        """The public keys that signatures are checked with (RFC 7517): the next one too, so that caches know it."""
        now = self._clock()
        return {"keys": [known.jwk() for known in self._keys.values() if known.until > now]}

    async def met(self, kid: object) -> None:
        """Somebody shows a token of this key. One that is not known may be new: the store is asked, at most once a
        second however many come."""
        if self._store is None or not isinstance(kid, str) or self.get(kid):
            return
        async with self._looking:
            if self.get(kid) is None and self._clock() - self._looked >= 1:
                await self._look()

    async def refresh(self) -> None:
        """Takes over what the store holds now."""
        async with self._looking:
            await self._look()

    async def rotate(self, act: Act, *, forget: bool = False) -> bool:
        """The next key signs from now on. False when another replica did it since this one has looked. With `forget`
        no retired key is believed any more, and what they signed is no longer good."""
        async with self._looking:
            if self._store is None:
                return False
            now = datetime.fromtimestamp(self._clock(), UTC)
            before = now + timedelta(days=1) if forget else now - timedelta(seconds=self._believed_for)
            done = await self._store.rotate(self.signing().kid, _fresh("next", now), before, act)
            await self._look()
            return done

    async def rotate_if_due(self) -> bool:
        """Rotates when the current key has signed for long enough."""
        age = self._clock() - self.signing().since.timestamp()
        if self._store is None or age < self._rotate_after:
            return False
        return await self.rotate(Act(actor="system", action="signing_key_rotated", details={"why": "age"}))

    async def begin(self, within: float = 1.0) -> None:
        """A first look; a store that is away does not keep the gateway from starting."""
        try:
            async with asyncio.timeout(within):
                if self._store:
                    await self.refresh()
        except Exception as problem:
            log.warning("signing_keys_not_read", error=str(problem))

    async def run(self, every: float = 2.0) -> None:
        """Follows the store for ever; while it is away, what is known stays believed."""
        while self._store:
            try:
                await self.refresh()
                await self.rotate_if_due()
            except Exception as problem:  # whatever it was, the next look may see better; sign-in must not end with it
                log.warning("signing_keys_not_read", error=str(problem))
            await asyncio.sleep(every)

    async def _look(self) -> None:
        assert self._store
        self._looked = self._clock()
        kept = await self._store.all()
        if not any(key.state == "current" for key in kept):
            if self._current:  # keys that another seal hides: go on with those that are known, and say so
                log.error("signing_keys_unreadable", fix="Give every gateway the same seal_key.")
                return
            now = datetime.fromtimestamp(self._clock(), UTC)
            first = made(self._seed, "current", now)
            act = Act(actor="system", action="signing_keys_begun")
            await self._store.begin(first, _fresh("current", now), _fresh("next", now), act)
            kept = await self._store.all()
        self._take(kept)

    def _take(self, kept: Iterable[SigningKey]) -> None:
        self._keys = {key.kid: self._known(key) for key in kept}
        self._current = next((known for known in self._keys.values() if known.state == "current"), None)

    def _known(self, key: SigningKey) -> Known:
        private = Ed25519PrivateKey.from_private_bytes(key.private)
        public, since = private.public_key(), key.since.timestamp()
        if key.state != "retired":
            return Known(key.kid, private, public, key.state, key.since)
        return Known(
            key.kid, private, public, key.state, key.since, since + self._believed_for + _LEEWAY_S, since + _LEEWAY_S
        )


def _fresh(state: KeyState, now: datetime) -> SigningKey:
    return made(Ed25519PrivateKey.generate(), state, now)


def _public_text(public: Ed25519PublicKey) -> str:
    return _text(public.public_bytes(Encoding.Raw, PublicFormat.Raw))


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
