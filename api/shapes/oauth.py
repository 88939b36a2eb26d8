"""OAuth2: clients as an administrator sees them, and what clients ask and are answered."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from api.auth.oauth import redirect_problem
from api.auth.oauth_clients import ClientAsked
from api.auth.permissions import ROLES, Permission
from schemas.oauth import ClientChange, OAuthClient

_CLIENT: dict[str, Any] = {
    "client_id": "7d0c9a52-6a0e-4c57-9a7b-0f3f5a1b2c3d",
    "name": "price board",
    "redirect_uris": ["https://board.example/callback"],
    "scopes": ["read_data"],
    "confidential": True,
    "resource_server": False,
    "service_account": None,
    "created_at": "2026-01-05T10:30:00Z",
}
_SECRET = "mT8yJ3…"
_TOKENS: dict[str, Any] = {
    "access_token": "eyJhbGciOiJFZERTQSIsInR5cCI6ImF0K2p3dCJ9…",
    "token_type": "Bearer",
    "expires_in": 1800,
    "scope": "read_data",
    "refresh_token": "eyJhbGciOiJFZERTQSIsInR5cCI6ImdyYW50K2p3dCJ9…",
}


def _redirect(uri: str) -> str:
    problem = redirect_problem(uri)
    if problem:
        raise ValueError(problem)
    return uri


RedirectUri = Annotated[str, Field(max_length=500), AfterValidator(_redirect)]
RedirectUris = Annotated[list[RedirectUri], Field(max_length=20)]
Scopes = Annotated[list[Permission], Field(min_length=1, max_length=len(Permission))]
Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]


class ClientBody(BaseModel):
    """A registered client. `service_account` is the id of the account that it acts as by itself."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CLIENT]})

    client_id: str
    name: str
    redirect_uris: list[str]
    scopes: list[str]
    confidential: bool
    resource_server: bool
    service_account: str | None
    created_at: datetime


class ClientMade(ClientBody):
    """A new client, or one with a new secret, which is shown this once; public clients have none."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_CLIENT, "client_secret": _SECRET}]})

    client_secret: str | None


class ClientList(BaseModel):
    """Every client, by name."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"clients": [_CLIENT]}]})

    clients: list[ClientBody]


class ClientWanted(BaseModel):
    """A client to register: with redirect URIs it may ask people for consent, with a `service_role` act by itself."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "price board", "redirect_uris": ["https://board.example/callback"], "scopes": ["read_data"]},
                {"name": "nightly", "scopes": ["read_data", "manage_jobs"], "service_role": "analyst"},
            ]
        },
    )

    name: Name
    redirect_uris: RedirectUris = Field(default_factory=list, description="Exactly as the client will send them.")
    scopes: Scopes = Field(description="What it may ask for at most: names of permissions.")
    confidential: bool = Field(True, description="Whether it can keep a secret; a page or an app cannot.")
    resource_server: bool = Field(False, description="Whether it may ask about access tokens of others.")
    service_role: str | None = Field(None, description="The role of an account of its own, for client_credentials.")

    @model_validator(mode="after")
    def _makes_sense(self) -> "ClientWanted":
        if self.service_role is not None and self.service_role not in ROLES:
            raise ValueError(f"service_role is one of {', '.join(ROLES)}")
        if not self.confidential and (self.service_role or self.resource_server):
            raise ValueError("a client that acts by itself or checks tokens must be confidential")
        if not (self.redirect_uris or self.service_role or self.resource_server):
            raise ValueError("give redirect_uris, or a service_role, or make it a resource_server")
        return self

    def asked(self) -> ClientAsked:
        """The same for the service."""
        return ClientAsked(
            name=self.name,
            redirect_uris=tuple(dict.fromkeys(self.redirect_uris)),
            scopes=tuple(dict.fromkeys(scope.value for scope in self.scopes)),
            confidential=self.confidential,
            resource_server=self.resource_server,
            service_role=self.service_role,
        )


class ClientChanged(BaseModel):
    """What is to be changed; what is absent stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"redirect_uris": ["https://board.example/back"]}]}
    )

    name: Name | None = None
    redirect_uris: RedirectUris | None = None
    scopes: Scopes | None = None

    def change(self) -> ClientChange:
        """The same for the service."""
        return ClientChange(
            name=self.name,
            redirect_uris=None if self.redirect_uris is None else tuple(dict.fromkeys(self.redirect_uris)),
            scopes=None if self.scopes is None else tuple(dict.fromkeys(scope.value for scope in self.scopes)),
        )


class TokenForm(BaseModel):
    """What a client sends for tokens, as a form. Fields that are not known are ignored (RFC 6749, 3.2)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"grant_type": "client_credentials", "scope": "read_data"}]}
    )

    grant_type: str = Field(description="authorization_code, refresh_token or client_credentials.")
    code: str = ""
    redirect_uri: str = ""
    code_verifier: str = ""
    refresh_token: str = ""
    scope: str = ""
    client_id: str = Field("", description="Unless the client shows itself by HTTP Basic.")
    client_secret: str = ""


class AboutToken(BaseModel):
    """A token to be ended or described, as a form."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"token": _TOKENS["refresh_token"]}]})

    token: str
    token_type_hint: str = ""
    client_id: str = Field("", description="Unless the client shows itself by HTTP Basic.")
    client_secret: str = ""


class GrantedBody(BaseModel):
    """What a client takes away; `refresh_token` only where a person consented."""

    model_config = ConfigDict(json_schema_extra={"examples": [_TOKENS]})

    access_token: str
    token_type: Literal["Bearer"] = "Bearer"
    expires_in: int
    scope: str
    refresh_token: str | None = None


class DescribedBody(BaseModel):
    """Whether a token counts, and if so what it says (RFC 7662)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"active": False},
                {"active": True, "scope": "read_data", "username": "anna", "exp": 1767609000},
            ]
        }
    )

    active: bool
    scope: str | None = None
    client_id: str | None = None
    username: str | None = None
    token_type: str | None = None
    exp: int | None = None
    iat: int | None = None
    sub: str | None = None
    aud: str | None = None
    iss: str | None = None


class OAuthErrorBody(BaseModel):
    """An error as OAuth2 clients expect it (RFC 6749, 5.2)."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"error": "invalid_grant", "error_description": "This code was used before."}]}
    )

    error: str
    error_description: str


class ServerBody(BaseModel):
    """What clients can read instead of being told (RFC 8414)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "issuer": "https://trawl.example",
                    "authorization_endpoint": "https://trawl.example/oauth/authorize",
                    "token_endpoint": "https://trawl.example/oauth/token",
                }
            ]
        },
    )

    issuer: str
    authorization_endpoint: str
    token_endpoint: str


def client_body(client: OAuthClient) -> ClientBody:
    """A client without its secret."""
    return ClientBody(**_known(client))


def client_made(client: OAuthClient, secret: str | None) -> ClientMade:
    """A client with its secret."""
    return ClientMade(**_known(client), client_secret=secret)


def _known(client: OAuthClient) -> dict[str, Any]:
    return {
        "client_id": client.id,
        "name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "scopes": list(client.scopes),
        "confidential": client.secret_hash is not None,
        "resource_server": client.resource_server,
        "service_account": client.service_user,
        "created_at": client.created_at,
    }
