"""Keys that tokens are signed with, as they pass between the gateway and its store."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

KeyState = Literal["next", "current", "retired"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One Ed25519 key. `kid` is the RFC 7638 thumbprint of its public half, `private` the 32 bytes of its private one,
    `since` when it came into its state."""

    kid: str
    private: bytes
    state: KeyState
    since: datetime
