"""What the gateway is told at its start; the composition root makes it from the settings."""

from dataclasses import dataclass

VERSION = "0.1.0"


@dataclass(frozen=True, kw_only=True)
class GatewayConfig:
    """Limits and lifetimes. Times are seconds, sizes bytes."""

    signing_seed: str
    dashboards_secret: str
    dashboards_port: int = 5006
    public_url: str = ""
    user_agent: str = "TrawlBot"
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
    link_lifetime: int = 600
    rotation_grace: float = 10.0
    """For so long a refresh token that was just replaced is a lost race and not a theft."""
    sign_in_freshness: float = 1.0
    """How old an answer about a session or key may be: signing out takes effect within this."""
    max_body: int = 2_000_000
    max_upload: int = 20_000_000
    max_json_depth: int = 64
    cors_origins: tuple[str, ...] = ()
    password_threads: int = 2
    password_queue: int = 64
    auth_frame_within: float = 5.0
    max_client_frame: int = 65_536
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
    preview_wait: float = 10.0
    """For so long an answer to a preview is waited for: the first one after a start takes some seconds."""
    heartbeat: float = 30.0
    """A stream tells its progress at least so often."""
