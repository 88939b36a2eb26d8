"""How far a crawl goes, how politely, how stubbornly, and how it asks."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from schemas.job.strings import (
    CookieName,
    CookieValue,
    HeaderName,
    HeaderValue,
    MediaType,
    Parameter,
    Pattern,
    Strict,
    Url,
)
from schemas.outcomes import OUTCOMES
from schemas.priorities import Priority

MOST_SENT = 100_000
"""Bytes of a body that a job sends."""

MOST_IN_HEAD = 32_768
"""Bytes of headers and cookies that a job sends, together: more than servers take."""

RETRY_CLASSES = frozenset(outcome.name for outcome in OUTCOMES.values() if outcome.retryable)


class Render(Strict):
    """How a real browser fetches the pages, where they are made by scripts."""

    wait_until: Literal["domcontentloaded", "load", "networkidle"] = Field("load", description="When a page is there.")
    wait_for: str | None = Field(None, min_length=1, max_length=1000, description="CSS selector to wait for as well.")
    screenshot: bool = Field(False, description="Keep a picture of the page, found with the URL's story.")


class Freshness(Strict):
    """What a later run of the same job does with pages that an earlier one has seen."""

    conditional: bool = Field(True, description="Ask whether a page has changed (ETag, Last-Modified); 304 is no page.")
    interval: float = Field(0.0, ge=0, le=31_536_000, description="Seconds before a page is visited again.")
    adaptive: bool = Field(False, description="Visit often what changes often: within interval and max_interval.")
    max_interval: float = Field(2_592_000.0, ge=1, le=31_536_000, description="Seconds at most between two visits.")


class Options(Strict):
    """How far, how politely, how stubbornly."""

    follow: bool | None = Field(None, description="Follow links; by default as soon as max_depth is above 0.")
    max_depth: int | None = Field(None, ge=0, le=1000, description="Links from a seed; 0 is the seeds alone.")
    max_pages: int = Field(
        1000,
        ge=1,
        le=10_000_000,
        description="URLs visited at most; robots.txt, retries and redirect hops not counted.",
    )
    scope: Literal["host", "domain", "any"] = Field(
        "host", description="Which links belong: the seed's host, its registered domain, any."
    )
    include_subdomains: bool = Field(False, description="With scope host: hosts below a seed's host belong too.")
    allow: list[Pattern] = Field(default_factory=list, max_length=50, description="A link must match one of these.")
    deny: list[Pattern] = Field(default_factory=list, max_length=50, description="A link must match none of these.")
    strip_query: list[Parameter] = Field(
        default_factory=list, max_length=100, description="Query parameters taken out of links; `*` is all of them."
    )
    keep_query: list[Parameter] = Field(
        default_factory=list, max_length=100, description="If given, the only query parameters that links keep."
    )
    content_types: list[MediaType] = Field(
        default_factory=list,
        max_length=50,
        description="Media types of pages that are wanted, such as text/html or image/*; by default any readable one.",
    )
    max_redirects: int = Field(10, ge=0, le=30, description="Redirects followed from one URL.")
    respect_robots: bool = Field(True, description="Obey robots.txt.")
    delay: float = Field(1.0, ge=0, le=3600, description="Seconds between two visits to one host.")
    concurrency: int = Field(1, ge=1, le=64, description="Visits at once to one host; above 1 only without delay.")
    adaptive: bool = Field(True, description="Give a host that answers slowly longer pauses.")
    daily_pages: int | None = Field(
        None, ge=1, le=10_000_000, description="Visits to one host in a day (UTC) by all runs of the job."
    )
    host_patience: float = Field(
        900.0, ge=0, le=86_400, description="Seconds that URLs wait for a host that keeps failing before they fail."
    )
    timeout: float = Field(30.0, ge=1, le=300, description="Seconds for one whole exchange.")
    connect_timeout: float = Field(10.0, ge=0.1, le=60, description="Seconds until a connection stands.")
    read_timeout: float = Field(15.0, ge=0.1, le=300, description="Seconds of silence within an exchange.")
    max_body: int = Field(10_000_000, ge=1000, le=50_000_000, description="Bytes of a body, decompressed.")
    max_retries: int = Field(2, ge=0, le=20, description="Further tries after a failure that may pass.")
    retry_delay: float = Field(2.0, ge=0, le=3600, description="Seconds before the first retry; doubles each time.")
    retry_max_delay: float = Field(300.0, ge=0, le=86_400, description="Seconds before a retry at most.")
    retries: dict[str, Annotated[int, Field(ge=0, le=20)]] = Field(
        default_factory=dict,
        max_length=50,
        description="Further tries by outcome (timeout, connect_failed …) or status (503), before max_retries.",
    )
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"] = Field(
        "GET", description="How the URLs are asked for; links are always followed by GET."
    )
    body: str | None = Field(None, max_length=MOST_SENT, description="Sent with the URLs, as it is, in UTF-8.")
    user_agent: HeaderValue | None = Field(None, description="By default the product's own, which names itself.")
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, max_length=50)
    cookies: dict[CookieName, CookieValue] = Field(
        default_factory=dict, max_length=50, description="Sent to the seeds' hosts, beside those that sites set."
    )
    keep_cookies: bool = Field(True, description="Keep the cookies that sites set, for the length of a run.")
    credentials: str | None = Field(
        None, min_length=1, max_length=100, description="Name of stored site credentials; sent to their host only."
    )
    proxy: Url | None = Field(None, description="HTTP proxy, without user and password (see credentials).")
    http2: bool = Field(False, description="Speak HTTP/2 where the host can.")
    render: Render | None = Field(None, description="Fetch with a real browser; `true` is short for its defaults.")
    freshness: Freshness | None = Field(None, description="What later runs of the job do with pages already seen.")
    priority: Priority = "normal"

    @model_validator(mode="after")
    def _fits_into_a_task(self) -> "Options":
        """They travel with every single visit, which must fit into a message whatever the characters become there."""
        head = [*self.headers, *self.headers.values(), *self.cookies, *self.cookies.values()]
        if len((self.body or "").encode()) > MOST_SENT:
            raise ValueError(f"body has more than {MOST_SENT} bytes in UTF-8")
        if sum(len(text.encode()) for text in head) > MOST_IN_HEAD:
            raise ValueError(f"headers and cookies have more than {MOST_IN_HEAD} bytes together")
        return self

    @model_validator(mode="after")
    def _one_way_out(self) -> "Options":
        """The browser's only way out is our own guarding proxy."""
        if self.render is not None and self.proxy is not None:
            raise ValueError("a page is rendered without the job's proxy only: leave out proxy or render")
        return self

    @field_validator("render", "freshness", mode="before")
    @classmethod
    def _switch(cls, value: object) -> object:
        """`true` and `false` are short for the defaults and for nothing."""
        return {} if value is True else None if value is False else value

    @field_validator("proxy")
    @classmethod
    def _plain_proxy(cls, value: str | None) -> str | None:
        if value is not None and not value.lower().startswith("http://"):
            raise ValueError("give http://host:port: the way to a proxy is plain HTTP, also for pages with TLS")
        return value

    @field_validator("retries")
    @classmethod
    def _known_classes(cls, value: dict[str, int]) -> dict[str, int]:
        for name in value:
            if name not in RETRY_CLASSES and not (name.isdigit() and 400 <= int(name) <= 599):
                allowed = ", ".join(sorted(RETRY_CLASSES))
                raise ValueError(f"{name!r} is neither a status of 400 to 599 nor one of {allowed}")
        return value

    @property
    def depth_limit(self) -> int:
        """How many links from a seed a page may be: none unless asked, a thousand when only `follow` was said."""
        if self.follow is False:
            return 0
        if self.max_depth is not None:
            return self.max_depth
        return 1000 if self.follow else 0
