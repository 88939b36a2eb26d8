"""A site's credentials as they pass between the gateway, which takes them, the store, which seals them, and the
fetcher, which shows them to their own host and to nobody else."""

import base64
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

CredentialKind: TypeAlias = Literal["basic", "bearer", "header", "cookie"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCredential:
    """What may be shown. `host` is as in a canonical URL, with its port where that is not the scheme's own; `scheme`
    http allows it to be sent without TLS."""

    id: str
    owner: str
    name: str
    kind: CredentialKind
    host: str
    scheme: Literal["http", "https"] = "https"
    created_at: datetime | None = None
    used_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteSecret:
    """What may not. `user` is basic's, `label` the name of the header or cookie."""

    user: str = ""
    label: str = ""
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCredential:
    """A credential as it is sent: only to `host`, and without TLS only if `plain`."""

    id: str
    host: str
    plain: bool
    header: str
    value: str = field(repr=False)

    @classmethod
    def of(cls, known: SiteCredential, secret: SiteSecret) -> "OpenCredential":
        """The header that a kind is sent as (RFC 7617, RFC 6750, RFC 6265)."""
        header, value = "Authorization", f"Bearer {secret.secret}"
        if known.kind == "basic":
            value = "Basic " + base64.b64encode(f"{secret.user}:{secret.secret}".encode()).decode()
        elif known.kind == "header":
            header, value = secret.label, secret.secret
        elif known.kind == "cookie":
            header, value = "Cookie", f"{secret.label}={secret.secret}"
        return cls(id=known.id, host=known.host, plain=known.scheme == "http", header=header, value=value)

    def goes_to(self, url: str, host: str) -> bool:
        """Whether a request for a canonical URL of `host` may carry it."""
        return host == self.host and (self.plain or url.startswith("https://"))
