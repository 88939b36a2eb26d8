"""Secrets at rest: AES-256-GCM under a key that is not in the database."""

import base64
import hashlib
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from infra.errors import NotConfigured, StoreRefused

_NONCE = 12


class Seal:
    """Seals for a context (a row's id and owner, say): what was moved to another row does not open there."""

    def __init__(self, secret: str) -> None:
        """`secret` is a generated one (`seal_key`): 256 random bits in URL-safe base64."""
        try:
            key = base64.urlsafe_b64decode(secret + "=" * (-len(secret) % 4))
        except ValueError:
            key = b""
        if len(key) != 32:
            raise NotConfigured("The secret seal_key must be 32 random bytes in URL-safe base64 (43 characters).")
        self._cipher = AESGCM(key)
        self.key_id = hashlib.sha256(b"trawl seal key\n" + key).hexdigest()[:16]
        """Names the key without telling anything about it: a row says which one opens it."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Nonce, ciphertext and tag. A random nonce is safe for some 2^32 seals under one key (NIST SP 800-38D)."""
        nonce = os.urandom(_NONCE)
        return nonce + self._cipher.encrypt(nonce, plain, context.encode())

    def open(self, sealed: bytes, context: str, key_id: str) -> bytes:
        """What was sealed. StoreRefused if it was changed, moved, or sealed under another key."""
        if key_id != self.key_id:
            raise StoreRefused(f"It was sealed with the key {key_id}; this process has {self.key_id}. Store it again.")
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
        except (InvalidTag, ValueError) as problem:
            raise StoreRefused("A sealed value was changed or moved; store it again.") from problem
