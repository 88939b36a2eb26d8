"""Sign-in, the caller's account, and keys, as the two interfaces tell them."""

from datetime import datetime
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from api.auth.permissions import Permission, known
from api.auth.sign_in import SignedIn
from api.shapes.errors import MetadataBody
from schemas.accounts import ApiKey, User

T = TypeVar("T")

_ACCOUNT: dict[str, Any] = {
    "id": "c9f1e6d2-3333-4b4c-9d5e-7f8a9b0c1d2e",
    "username": "admin",
    "email": None,
    "role": "admin",
    "permissions": ["read_data", "create_reports", "manage_jobs"],
    "mfa_enabled": False,
    "last_login": "2026-01-05T10:30:00Z",
}
_TOKENS: dict[str, Any] = {
    "access_token": "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9…",
    "refresh_token": "eyJhbGciOiJFZERTQSIsInR5cCI6InJ0K2p3dCJ9…",
    "token_type": "bearer",
    "expires_in": 1800,
}
_KEY: dict[str, Any] = {
    "id": "1a2b3c4d-4444-4e5f-8a9b-0c1d2e3f4a5b",
    "name": "nightly crawl",
    "prefix": "trawl_Zk3v9Q",
    "created_at": "2026-01-05T10:30:00Z",
    "expires_at": None,
    "last_used": None,
    "last_address": "",
    "scopes": ["read_data"],
}


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LoginBody(_Asked):
    """Username or e-mail address, and password. The further fields are those of OAuth2's password form."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"username": "admin", "password": "correct horse battery"}]}
    )

    username: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1000)
    mfa_token: str | None = Field(None, max_length=20, description="Where the account asks for one.")
    remember_me: bool = Field(False, description="Stay signed in for a month instead of a week.")
    grant_type: Literal["password"] | None = None
    scope: str | None = Field(None, max_length=500)
    client_id: str | None = Field(None, max_length=200)
    client_secret: str | None = Field(None, max_length=500)


class SignInForm(_Asked):
    """What the sign-in page's form sends."""

    username: str = Field(min_length=1, max_length=200)
    password: str = Field(min_length=1, max_length=1000)
    mfa_token: str = Field("", max_length=20)
    next: str = Field("", max_length=1000)


class LinkForm(_Asked):
    """What the home page's form sends to link somebody of the identity provider."""

    current_password: str = Field(min_length=1, max_length=1000)


class RefreshBody(_Asked):
    """The refresh token that was given last; it works once."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"refresh_token": _TOKENS["refresh_token"]}]}
    )

    refresh_token: str = Field(min_length=1, max_length=4096)


class LogoutBody(_Asked):
    """Whether to sign out everywhere."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"all_devices": False}]})

    all_devices: bool = False


class KeyAsked(_Asked):
    """A name to know the key by, and how long it may live."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "nightly crawl", "expires_in_days": 90, "scopes": ["read_data"]}]},
    )

    name: str = Field(min_length=1, max_length=200)
    expires_in_days: int | None = Field(None, ge=1, le=3650, description="Without it the key lives until revoked.")
    scopes: list[Permission] | None = Field(
        None,
        min_length=1,
        max_length=len(Permission),
        description="What it may do of what you may do, and nothing to your account; without it everything.",
    )

    def rights(self) -> tuple[str, ...] | None:
        """The scopes, each once and in their own order."""
        return None if self.scopes is None else known(scope.value for scope in self.scopes)


class AccountBody(BaseModel):
    """An account as its owner sees it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ACCOUNT]})

    id: str
    username: str
    email: str | None
    role: str
    permissions: list[str]
    mfa_enabled: bool = False
    password_change_required: bool = Field(False, description="The password is a temporary one: choose your own.")
    last_login: datetime | None


class MeBody(AccountBody):
    """The caller."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_ACCOUNT,
                    "first_name": "Ada",
                    "last_name": "Lovelace",
                    "created_at": "2026-01-05T10:00:00Z",
                    "active_sessions": 2,
                }
            ]
        }
    )

    first_name: str
    last_name: str
    created_at: datetime
    active_sessions: int


class TokensBody(BaseModel):
    """What programs sign in with: the access token for `expires_in` seconds, then the refresh token, once."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TOKENS]})

    access_token: str
    refresh_token: str
    token_type: Literal["bearer"] = "bearer"
    expires_in: int


class LoginAnswer(TokensBody):
    """Tokens, and whose they are."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_TOKENS, "user": _ACCOUNT}]})

    user: AccountBody


class MessageBody(BaseModel):
    """It is done."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"message": "Successfully logged out"}]})

    message: str


class KeyBody(BaseModel):
    """A key as its owner recognises it."""

    model_config = ConfigDict(json_schema_extra={"examples": [_KEY]})

    id: str
    name: str
    prefix: str
    created_at: datetime
    expires_at: datetime | None
    last_used: datetime | None
    last_address: str = Field("", description="Where it was last used from.")
    scopes: list[str] | None = Field(None, description="What it may do; null: all that you may.")


class KeyMade(KeyBody):
    """A new key with its secret, which is shown this once."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_KEY, "key": "trawl_Zk3v9Q…"}]})

    key: str


class KeyList(BaseModel):
    """The caller's keys, newest first."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"keys": [_KEY]}]})

    keys: list[KeyBody]


class FrameMetadata(MetadataBody):
    """The same of a success, and how long it took here."""

    execution_time_ms: int


class Enveloped(BaseModel, Generic[T]):
    """The v2 frame."""

    success: Literal[True] = True
    data: T
    metadata: FrameMetadata


def account(user: User) -> dict[str, Any]:
    """The fields of an `AccountBody`."""
    return {
        "id": user.id,
        "username": user.username,
        "email": user.email,
        "role": user.role,
        "permissions": [permission.value for permission in known(user.permissions)],
        "mfa_enabled": user.mfa_enabled,
        "password_change_required": user.password_expires is not None,
        "last_login": user.last_login,
    }


def login_answer(signed_in: SignedIn, lifetime: int) -> LoginAnswer:
    """What a program takes away; `lifetime` is the access token's."""
    return LoginAnswer(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        expires_in=lifetime,
        user=AccountBody(**account(signed_in.user)),
    )


def key_body(key: ApiKey) -> KeyBody:
    """A key without its secret."""
    return KeyBody(**_known(key))


def key_made(key: ApiKey, secret: str) -> KeyMade:
    """A key with its secret."""
    return KeyMade(**_known(key), key=secret)


def _known(key: ApiKey) -> dict[str, Any]:
    scopes = None if key.scopes is None else list(key.scopes)
    return {name: getattr(key, name) for name in KeyBody.model_fields} | {"scopes": scopes}
