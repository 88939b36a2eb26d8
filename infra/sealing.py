"""Secrets at rest: AES-256-GCM under keys that are not in the database."""

import base64
import hashlib
import os
import time
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.errors import NotConfigured, StoreRefused

_NONCE = 12
_LOOK_S = 1.0
"""How old a look at the keys may be when something is sealed: within this a new key is taken up."""


class Seal:
    """Seals for a context (a row's id and owner, say): what was moved to another row does not open there.

    `secret` is the generated secret `seal_key`: keys of 256 random bits in URL-safe base64, parted by white space or
    commas. The first one seals, all of them open, so that keys can be changed while everything runs. A function is
    asked again, once a second at most, when something is sealed or names a key that is not known.
    """

    def __init__(self, secret: str | Callable[[], str]) -> None:
        """NotConfigured where the secret is none."""
        self._source = secret if callable(secret) else None
        self._keys = _keys(secret() if callable(secret) else secret)
        self._looked = time.monotonic()

    @property
    def key_id(self) -> str:
        """Names the key that seals without telling anything about it: a row says which one opens it."""
        return next(iter(self._keys))

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The keys that open, the one that seals first."""
        return tuple(self._keys)

    def seal(self, plain: bytes, context: str) -> bytes:
        """Nonce, ciphertext and tag. A random nonce is safe for some 2^32 seals under one key (NIST SP 800-38D).

        Whoever writes `key_id` beside it may have asked for that just before a new key was taken up here; the row then
        names a key before the one that sealed it, and opens all the same: `open` tries every key that it has.
        """
        self._look()
        nonce = os.urandom(_NONCE)
        return nonce + self._keys[self.key_id].encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str, key_id: str) -> bytes:
        """What was sealed. StoreRefused if it was changed, moved, or sealed under a key that is not here."""
        if key_id not in self._keys:
            self._look()
        for known in sorted(self._keys, key=lambda name: name != key_id):
            try:
                return self._keys[known].decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
            except (InvalidTag, ValueError):
                continue
        if key_id not in self._keys:
            has = ", ".join(self._keys)
            raise StoreRefused(f"It was sealed with the key {key_id}; this process has {has}. Store it again.")
        raise StoreRefused("A sealed value was changed or moved; store it again.")

    def _look(self) -> None:
        now = time.monotonic()
        if self._source is None or now - self._looked < _LOOK_S:
            return
        self._looked = now
        try:
            self._keys = _keys(self._source())
        except NotConfigured:
            return  # the keys that were there are better than none


def _keys(secret: str) -> dict[str, AESGCM]:
    found = {}
    for word in secret.replace(",", " ").split() or [""]:
        try:
            key = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
        except ValueError:
            key = b""
        if len(key) != 32:
            raise NotConfigured("The secret seal_key must be 32 random bytes in URL-safe base64 (43 characters).")
        found[hashlib.sha256(b"trawl seal key\n" + key).hexdigest()[:16]] = AESGCM(key)
    return found
