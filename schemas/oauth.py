"""OAuth2 clients and what they are given, as they pass between the gateway and its store."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthClient:
    """A program that acts for people (with `redirect_uris`), or for itself as the service account `service_user`.
    `secret_hash` is the SHA-256 of a confidential client's secret; a public one has none. A `resource_server` may ask
    about tokens of others."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    secret_hash: bytes | None
    resource_server: bool
    service_user: str | None
    created_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientChange:
    """What is to be changed of a client; None leaves it."""

    name: str | None = None
    redirect_uris: tuple[str, ...] | None = None
    scopes: tuple[str, ...] | None = None
    secret_hash: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What a person let a client do, until the code for it is redeemed. `challenge` is the S256 one of RFC 7636."""

    client_id: str
    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    expires_at: datetime
