"""Second factors, sessions and lost passwords, as the interfaces tell them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.auth.password_rules import LONGEST, SHORTEST
from schemas.accounts import Device
from schemas.oidc import LinkedIdentity

_SESSION: dict[str, Any] = {
    "id": "7d3c1b2a-5555-4e6f-9a0b-1c2d3e4f5a6b",
    "created_at": "2026-01-05T10:00:00Z",
    "last_seen": "2026-01-05T10:30:00Z",
    "expires_at": "2026-01-12T10:00:00Z",
    "user_agent": "curl/8.5.0",
    "address": "192.0.2.7",
    "how": "password",
    "current": True,
}
_IDENTITY: dict[str, Any] = {
    "id": "3f2b8c1d-6666-4a5b-8c7d-9e0f1a2b3c4d",
    "issuer": "https://id.example",
    "subject": "248289761001",
    "linked_at": "2026-01-05T10:00:00Z",
    "own": False,
}
Code = Annotated[str, Field(min_length=6, max_length=20, description="The app's six digits, or a backup code.")]
Secret = Annotated[str, Field(min_length=1, max_length=2000)]
NewPassword = Annotated[str, Field(min_length=SHORTEST, max_length=LONGEST)]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class MfaSetup(BaseModel):
    """For the app (secret, address or picture) and for paper (backup codes); shown this once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "qr_code": "data:image/png;base64,iVBORw0KGgo…",
                    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
                    "backup_codes": ["12345678", "87654321"],
                    "setup_url": "otpauth://totp/Trawl:user%40example.com?secret=…&issuer=Trawl",
                }
            ]
        }
    )

    qr_code: str
    secret: str
    backup_codes: list[str]
    setup_url: str


class MfaAsked(_Asked):
    """What setting up a second factor needs where the sign-in is older than ten minutes."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{}]})

    current_password: str | None = Field(None, min_length=1, max_length=1000)


class MfaCode(_Asked):
    """A code that the app shows now."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"totp_token": "123456"}]})

    totp_token: Code


class SessionBody(BaseModel):
    """A signed-in device."""

    model_config = ConfigDict(json_schema_extra={"examples": [_SESSION]})

    id: str
    created_at: datetime
    last_seen: datetime
    expires_at: datetime
    user_agent: str
    address: str
    how: str
    current: bool = Field(description="Whether this very request came with it.")


class SessionList(BaseModel):
    """The caller's signed-in devices, last used first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sessions": [_SESSION]}]})

    sessions: list[SessionBody]


class IdentityBody(BaseModel):
    """Somebody of the identity provider who can sign in as the caller."""

    model_config = ConfigDict(json_schema_extra={"examples": [_IDENTITY]})

    id: str
    issuer: str
    subject: str = Field(description="Who it is there: it never changes, and is nobody else's.")
    linked_at: datetime
    own: bool = Field(description="The account was made for it; it outlasts a password that is reset.")


class IdentityList(BaseModel):
    """Who the caller is at the identity provider, oldest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"identities": [_IDENTITY]}]})

    identities: list[IdentityBody]


class Unlinking(_Asked):
    """Shows that it is the owner who asks."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"current_password": "plum-orbit-canvas-42"}]}
    )

    current_password: Secret


class ForgotBody(_Asked):
    """The address of the account whose password is lost."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"email": "analyst1@company.com"}]})

    email: str = Field(min_length=1, max_length=254)


class NewPasswordBody(_Asked):
    """The token of a mailed link, and the password to be from now on."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "token": "mSb1…",
                    "new_password": "tall-river-quiet-77",
                    "confirm_password": "tall-river-quiet-77",
                }
            ]
        },
    )

    token: str = Field(min_length=1, max_length=200)
    new_password: NewPassword
    confirm_password: Secret


class NewPasswordForm(_Asked):
    """What the page behind a mailed link sends."""

    new_password: Secret
    confirm_password: Secret


def session_list(devices: list[Device], current: str) -> SessionList:
    """Devices, and which of them is `current`."""
    names = [name for name in SessionBody.model_fields if name != "current"]
    return SessionList(
        sessions=[
            SessionBody(**{name: getattr(device, name) for name in names}, current=device.id == current)
            for device in devices
        ]
    )


def identity_list(found: list[LinkedIdentity]) -> IdentityList:
    """Identities as their owner is told of them."""
    names = IdentityBody.model_fields
    return IdentityList(
        identities=[IdentityBody(**{name: getattr(identity, name) for name in names}) for identity in found]
    )
