"""A site's stored credentials, as a user gives them once and sees them, without the secret, ever after."""

import re
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from schemas.credentials import CredentialKind, SiteCredential

_CREDENTIAL: dict[str, Any] = {
    "id": "7d3c1f52-5555-4a6b-8c7d-9e0f1a2b3c4d",
    "name": "members",
    "kind": "basic",
    "host": "members.example.com",
    "scheme": "https",
    "created_at": "2026-01-05T10:30:00Z",
    "used_at": "2026-01-06T03:00:00Z",
}
_FRAMING = frozenset(
    {"host", "connection", "keep-alive", "te", "trailer", "transfer-encoding", "content-length", "upgrade", "expect",
     "proxy-authorization", "proxy-connection", "accept-encoding", "cookie"}
)  # fmt: skip

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch

Secret = Annotated[SecretStr, Field(min_length=1, max_length=4000)]


class CredentialAsked(BaseModel):
    """What opens one host: a user and a password, a bearer token, a header, or a cookie."""

    model_config = ConfigDict(
        extra="forbid",
        hide_input_in_errors=True,
        json_schema_extra={
            "examples": [
                {
                    "name": "members",
                    "kind": "basic",
                    "host": "members.example.com",
                    "username": "reader",
                    "secret": "correct horse battery",
                }
            ]
        },
    )

    name: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$", description="How jobs call them.")
    kind: CredentialKind
    host: str = Field(min_length=1, max_length=300, description="host or host:port; they are sent to no other.")
    scheme: Literal["https", "http"] = Field("https", description="http allows to send them without TLS.")
    username: str = Field("", max_length=300, pattern=r"^[^\x00-\x1f\x7f:]*$", description="Of kind basic alone.")
    label: str = Field("", max_length=200, description="The name of the header or of the cookie.")
    secret: Secret = Field(description="Password, token or value. It is sealed and never shown again.")

    @model_validator(mode="after")
    def _complete(self) -> "CredentialAsked":
        """Each kind has its own parts; the secret's characters are those that its place can hold."""
        if bool(self.username) != (self.kind == "basic"):
            raise ValueError("username belongs to kind basic, and basic needs one")
        if bool(self.label) != (self.kind in ("header", "cookie")):
            raise ValueError("label belongs to the kinds header and cookie, and they need one")
        if self.label and not _NAME(self.label):
            raise ValueError("label must be a header's or cookie's name: letters, digits and !#$%&'*+.^_`|~-")
        if self.kind == "header" and self.label.lower() in _FRAMING:
            raise ValueError(f"{self.label} is not a header that can be given; for cookies there is the kind cookie")
        value = self.secret.get_secret_value()
        if self.kind != "basic" and value != value.strip():
            raise ValueError("secret has blanks around it, which no header can hold")
        if self.kind != "basic" and (not value.isprintable() or (self.kind == "cookie" and set(value) & set(' ",;\\'))):
            raise ValueError("secret has characters that its place in a request cannot hold")
        return self


class CredentialBody(BaseModel):
    """Stored credentials, without the secret."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CREDENTIAL]})

    id: str
    name: str
    kind: CredentialKind
    host: str
    scheme: Literal["https", "http"]
    created_at: datetime | None
    used_at: datetime | None


class CredentialList(BaseModel):
    """The caller's, by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"credentials": [_CREDENTIAL]}]})

    credentials: list[CredentialBody]


def credential_body(known: SiteCredential) -> CredentialBody:
    """What may be shown."""
    return CredentialBody(**{name: getattr(known, name) for name in CredentialBody.model_fields})
