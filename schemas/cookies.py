"""A cookie as it passes between the fetcher, which knows the rules, and the store, which keeps it for the run."""

from dataclasses import dataclass

from schemas.ids import digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookie:
    """One cookie of one run (RFC 6265bis, 5.7). Times are epoch seconds; `expires` is None for the run's length.

    Name and value are characters of Latin-1, one for each byte that the host sent. `host_only`: it goes back to
    `domain` itself and to no host below it.
    """

    name: str
    value: str
    domain: str
    path: str
    host_only: bool
    secure: bool
    http_only: bool
    created: float
    expires: float | None = None

    @property
    def id(self) -> str:
        """The same for the cookie that replaces this one."""
        return digest(self.name, self.domain, self.path, str(self.host_only))

    @property
    def size(self) -> int:
        """Bytes that it takes in a request, but for two."""
        return len(self.name) + len(self.value)

    def expired(self, now: float) -> bool:
        """Whether it is to be forgotten."""
        return self.expires is not None and self.expires <= now


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptCookie:
    """A cookie and whose it is; `site` is the registered domain, within which cookies stay. An expired one says that
    it is gone."""

    run_id: str
    site: str
    cookie: Cookie

    @property
    def id(self) -> str:
        """Of this cookie in this run: it names one row."""
        return digest(self.run_id, self.site, self.cookie.id)
