"""The one file that reads the environment."""

import os
import re
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from infra.errors import NotConfigured
from infra.local.folder import DataFolder
from schemas.limits import Allowance

_ADDRESS = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?/?").fullmatch
_USUAL = {"http": "80", "https": "443"}


def default_data_folder() -> Path:
    """Where Trawl keeps everything unless told otherwise (XDG Base Directory Specification)."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "trawl"


class Settings(BaseSettings):
    """What a process needs to know about its surroundings; each name is an environment variable TRAWL_<NAME>.

    Addresses that are not configured are those of the `trawl up` that is running on the data folder.
    """

    model_config = SettingsConfigDict(env_prefix="TRAWL_", frozen=True, extra="ignore", hide_input_in_errors=True)

    data: Path = Field(default_factory=default_data_folder, description="The data folder.")
    kafka: str | None = Field(None, description="host:port[,host:port] of the brokers.")
    postgres: str | None = Field(None, description="URL, as the least-rights role.")
    postgres_owner: str | None = Field(None, description="URL, as the owner: migrations only.")
    clickhouse: str | None = Field(None, description="http://user:password@host:port/database")
    clickhouse_cluster: str | None = Field(
        None, pattern=r"^\w{1,64}$", description="The cluster on which tables are made, replicated and distributed."
    )
    host: str = Field("127.0.0.1", description="Where the gateway and the dashboards listen.")
    port: int = Field(8000, ge=0, le=65535, description="The gateway.")
    dashboards_port: int = Field(5006, ge=0, le=65535)
    public_url: str | None = Field(
        None, description="Where browsers reach the gateway when a proxy stands before it: https://trawl.example"
    )
    dashboards_url: str | None = Field(
        None, description="Where browsers reach the dashboards when a proxy stands before them."
    )
    metrics_host: str = Field("127.0.0.1", description="Where the metrics listen; they ask for no sign-in.")
    metrics_port: int = Field(9464, ge=0, le=65535, description="Prometheus text, without sign-in.")
    mirror: str | None = Field(None, description="A Maven repository for the broker's jars; else the public one.")
    fetch_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Hosts, host:port or networks that may be visited although they are private."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field((), description="Origins whose pages may call the API.")
    blobs: str | None = Field(
        None,
        description="Where bodies too large for a message go: a folder, or s3://, gs://, az://; else `data`/blobs.",
    )
    browsers: int = Field(2, ge=1, le=32, description="Pages that a fetcher renders at once.")
    browser: str | None = Field(None, description="The browser that renders pages; else the system's chromium.")
    books_url: str = Field(
        "https://books.toscrape.com/", description="The shop that `POST /api/v1/books/scraping/trigger` reads."
    )
    user_agent: str = Field("TrawlBot/0.1", description="What sites see; name a page about your crawler in it.")
    trend_sensitivity: str = Field(
        "few", pattern="^(few|many)$", description="`many` for thousands of series: rarer alarms."
    )
    trend_series: int = Field(
        400_000,
        ge=8,
        description="Series that a trends worker remembers, 3 kB each; each of its 8 partitions has an eighth.",
    )
    oidc_issuer: str | None = Field(
        None,
        pattern=r"^https?://[^\s?#@]+$",
        description="An OpenID Connect provider with which people may sign in: its issuer, letter for letter.",
    )
    oidc_client_id: str = Field("trawl", min_length=1, description="What this gateway is called there.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="Its secret there; else the file `data`/secrets/oidc_client_secret; none for a public client."
    )
    oidc_role: str = Field("viewer", description="The role of accounts that signing in there makes.")
    oidc_create: bool = Field(False, description="Whether whoever signs in there without an account here gets one.")
    smtp_url: str | None = Field(
        None, description="The server that takes our mail: smtp://user:password@host:587, or smtps:// for TLS at once."
    )
    mail_from: str = Field("trawl@localhost", description="The address that mail comes from.")
    webhook_allow: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Hosts, host:port or networks that webhooks may go to although they are private."
    )
    registration: bool = Field(False, description="Whether anybody may make an account.")
    registration_roles: Annotated[tuple[str, ...], NoDecode] = Field(
        ("viewer",), description="Roles to choose from when registering; the first is the usual one."
    )
    idle_hours: float = Field(12, gt=0, le=8760, description="A session that nobody uses for so long is over.")
    session_days: float = Field(7, gt=0, le=365, description="A session is over after so long, used or not.")
    tls_cert: Path | None = Field(
        None, description="The gateway's and the dashboards' certificate and its chain, PEM: they speak TLS alone then."
    )
    tls_key: Path | None = Field(None, description="Its key, PEM, without a password.")
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Addresses and networks of proxies whose word counts for where a request came from."
    )
    proxy_headers: Literal["x-forwarded", "forwarded"] = Field(
        "x-forwarded", description="What they write: X-Forwarded-For and -Proto, or Forwarded (RFC 7239)."
    )
    rate_limits: dict[str, dict[str, int]] = Field(
        {},
        description='{"jobs": {"limit": 600, "burst": 50, "block": 0}}; `*` is every category (docs/edge.md).',
    )
    connections: int = Field(12_000, ge=1, description="Connections of the gateway at once.")
    connections_per_address: int = Field(256, ge=1, description="Of these from one address (of IPv6: one /64).")
    requests_in_flight: int = Field(256, ge=1, description="Requests that the gateway answers at once.")
    quota_running_jobs: int = Field(100, ge=-1, description="Runs that an account may have open; -1: no limit.")
    quota_pages_a_day: int = Field(1_000_000, ge=-1, description="Pages that they may visit in a day (UTC).")
    quota_stored_records: int = Field(50_000_000, ge=-1, description="Records that an account may have stored.")
    audit_anchors: Path | None = Field(
        None, description="Where the audit log's head is written down each minute; else `data`/audit/anchors."
    )
    export_days: float = Field(7.0, gt=0, le=3650, description="Days that an export stays.")
    export_bytes: int = Field(1_000_000_000, ge=1000, le=4_000_000_000, description="Bytes of one export at most.")
    exports_per_user: int = Field(200, ge=1, description="Exports of one user at a time.")
    export_bytes_per_user: int = Field(10_000_000_000, ge=1000, description="Bytes of one user's exports together.")
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$")

    @field_validator(
        "fetch_allow", "cors_origins", "trusted_proxies", "registration_roles", "webhook_allow", mode="before"
    )
    @classmethod
    def _comma_list(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("public_url", "dashboards_url")
    @classmethod
    def _as_origin(cls, value: str | None) -> str | None:
        """As a browser writes it in `Origin`: lower case, without a path and without the scheme's own port."""
        if not value:
            return None
        found = _ADDRESS(value.strip().lower())
        if not found:
            raise ValueError("give scheme and host, such as https://trawl.example, and no path")
        scheme, host, port = found.groups()
        return f"{scheme}://{host}" if port in (None, _USUAL[scheme]) else f"{scheme}://{host}:{port}"

    @property
    def anchors(self) -> Path:
        """Where the audit log's head is written down."""
        return self.audit_anchors or self.data / "audit" / "anchors"

    @property
    def quota(self) -> Allowance:
        """What an account may have that was given nothing else."""
        running, pages, stored = self.quota_running_jobs, self.quota_pages_a_day, self.quota_stored_records
        return Allowance(
            running_jobs=None if running < 0 else running,
            pages_a_day=None if pages < 0 else pages,
            stored_records=None if stored < 0 else stored,
        )

    @property
    def home_url(self) -> str:
        """Where mail leads its readers: never what a request says about itself."""
        return self.public_url or f"{'https' if self.tls_cert else 'http'}://{self.host}:{self.port}"

    @property
    def visible_agent(self) -> str:
        """What sites see: with the address of the gateway's page about it, where the gateway has one for everybody."""
        if self.public_url and "+http" not in self.user_agent:
            return f"{self.user_agent} (+{self.public_url}/bot)"
        return self.user_agent

    @cached_property
    def _running(self) -> dict[str, Any]:
        """Addresses that a running `trawl up` wrote down; empty when none runs here."""
        try:
            return dict(orjson.loads(DataFolder(self.data).endpoints_file.read_bytes()))
        except (FileNotFoundError, PermissionError, orjson.JSONDecodeError):
            return {}

    def address(self, name: str) -> str:
        """The address of `kafka`, `postgres`, `postgres_owner` or `clickhouse`; NotConfigured says what to do."""
        found = getattr(self, name) or self._running.get(name)
        if not found:
            raise NotConfigured(
                f"No address for {name}: start `trawl up` (data folder {self.data}) or set TRAWL_{name.upper()}."
            )
        return str(found)

    def oidc_secret(self) -> str:
        """What this gateway shows the identity provider; empty for a public client."""
        if self.oidc_client_secret:
            return self.oidc_client_secret.get_secret_value()
        try:
            return self.secret("oidc_client_secret")
        except NotConfigured:
            return ""

    def secret(self, name: str) -> str:
        """A generated secret of the data folder, or TRAWL_SECRET_<NAME> where there is no data folder."""
        given = os.environ.get(f"TRAWL_SECRET_{name.upper()}")
        if given:
            return given
        try:
            return DataFolder(self.data).secret_file(name).read_text().strip()
        except OSError as problem:
            raise NotConfigured(
                f"No secret {name!r}: start `trawl up` once on {self.data}, or set TRAWL_SECRET_{name.upper()}."
            ) from problem
