"""What the gateway is told at its start; the composition root makes it from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from api.edge.addresses import Network, Spoken
from api.limits.categories import DEFAULTS, Category, Rate
from schemas.limits import Allowance

VERSION = "0.1.0"


@dataclass(frozen=True, kw_only=True)
class OidcConfig:
    """What the operator says of the provider."""

    issuer: str
    client_id: str
    client_secret: str = ""
    role: str = "viewer"
    create: bool = False


@dataclass(frozen=True, kw_only=True)
class GatewayConfig:
    """Limits and lifetimes. Times are seconds, sizes bytes."""

    signing_seed: str
    dashboards_secret: str
    dashboards_port: int = 5006
    books_url: str = "https://books.toscrape.com/"
    """The shop that the books interface reads."""
    user_agent: str = "TrawlBot"
    public_url: str = ""
    """Where browsers reach the gateway through a proxy, as `Origin` has it. Then only pages from there are ours, and
    what the proxy speaks to us says nothing about what the browser speaks."""
    dashboards_url: str = ""
    """Where browsers reach the dashboards; else the host of the request, with their port."""
    issuer: str = "trawl"
    audience: str = "trawl-api"
    access_lifetime: int = 1800
    refresh_lifetime: int = 7 * 86_400
    remembered_lifetime: int = 30 * 86_400
    browser_lifetime: int = 12 * 3600
    idle_lifetime: int = 12 * 3600
    """A session that nobody uses for so long is over; one that is remembered has `remembered_idle`."""
    remembered_idle: int = 14 * 86_400
    link_lifetime: int = 600
    reset_lifetime: int = 1800
    """How long a mailed link to a new password works."""
    temporary_lifetime: int = 72 * 3600
    """For so long a password that an administrator has chosen lets its owner in."""
    quiet_answer: float = 0.25
    """Whoever asks for a new password waits at least so long, so that the time does not tell whether there is such an
    account."""
    mail: bool = False
    """Whether a server takes our mail."""
    registration: bool = False
    registration_roles: tuple[str, ...] = ("viewer",)
    """The roles that whoever registers may choose from; the first is the one for those who do not choose."""
    home_url: str = "http://127.0.0.1:8000"
    """Where mail leads its readers: never what a request says about itself."""
    rotation_grace: float = 10.0
    """For so long a refresh token that was just replaced is a lost race and not a theft."""
    key_lifetime: int = 90 * 86_400
    """For so long a key signs tokens before the next one does."""
    key_poll: float = 2.0
    """How often the keys are looked up: a rotation is known everywhere within this."""
    oidc: OidcConfig | None = None
    sign_in_freshness: float = 1.0
    """How old an answer about a session or key may be: signing out takes effect within this."""
    rates: Mapping[Category, Rate] = field(default_factory=lambda: dict(DEFAULTS))
    quota: Allowance = field(default_factory=Allowance)
    """What an account may have that nobody has given another allowance; administrators have no limit."""
    trusted_proxies: tuple[Network, ...] = ()
    """Whose word counts for where a request came from."""
    proxy_headers: Spoken = "x-forwarded"
    max_in_flight: int = 256
    """Requests that are answered at once; more would only make all of them slow."""
    max_bodies: int = 256_000_000
    """Bytes of bodies that all requests together may have sent and not had answered."""
    max_body: int = 2_000_000
    max_upload: int = 20_000_000
    max_json_depth: int = 64
    cors_origins: tuple[str, ...] = ()
    password_threads: int = 2
    password_queue: int = 64
    auth_frame_within: float = 5.0
    max_sockets: int = 6000
    socket_buffer: int = 4_000_000
    """Bytes that may wait for one socket; a client that reads slower than that is told so and let go."""
    socket_check: float = 2.0
    """How often open sockets are held against the sessions and keys that opened them."""
    stored_records: int = 10_000
    """Records from before the connection that a stream begins with at most; the rest are read over REST."""
    ring_seconds: float = 90.0
    ring_bytes: int = 48_000_000
    estimate_wait: float = 10.0
    """For so long an estimate's sample may run; what is known by then is told."""
    sync_wait: float = 30.0
    sync_pages: int = 25
    """For so long, and for so many pages, a client may wait for the records themselves."""
    export_wait: float = 2.0
    """For so long an export is waited for before the answer is that it is being made."""
    exports_per_user: int = 200
    export_bytes_per_user: int = 10_000_000_000
    preview_wait: float = 10.0
    """For so long an answer to a preview is waited for: the first one after a start takes some seconds."""
    progress_every: float = 1.0
    """A stream tells its progress at most so often."""
    catching_up: int = 8
    """Listeners that read a portion of the past at once; the others wait for their turn."""
    catching_up_rate: float = 20_000_000
    """Bytes a second that they read of it together."""
    heartbeat: float = 30.0
    """A stream tells its progress at least so often."""

    @property
    def longest_lifetime(self) -> int:
        """How long anything that is signed may live: for so long a key that signs no more is believed."""
        return max(self.refresh_lifetime, self.remembered_lifetime, self.browser_lifetime)
