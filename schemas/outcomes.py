"""What can become of a URL: a closed list, each outcome of one class, so that every sum adds up.

`retryable` says that a later try may end differently; whether it is tried is the retry policy's to decide. For
`http_error` that depends on the status (`RETRYABLE_STATUS`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from schemas.exchange import FailureKind

OutcomeClass = Literal["fetched", "failed", "filtered"]
OutcomeName = Literal[
    "fetched",
    "not_modified",
    "redirected",
    "robots_denied",
    "out_of_scope",
    "blocked_address",
    "dns_failed",
    "connect_failed",
    "tls_failed",
    "timeout",
    "http_error",
    "too_large",
    "bad_content_type",
    "decode_failed",
    "malformed_response",
    "too_many_redirects",
    "budget",
    "cancelled",
    "render_failed",
    "extract_failed",
    "dead_lettered",
    "not_kept",
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One outcome: the sum it counts in, whether another try may help, and what it means to a person."""

    name: OutcomeName
    klass: OutcomeClass
    retryable: bool
    sentence: str


_ALL = (
    Outcome("fetched", "fetched", False, "The page was fetched."),
    Outcome("not_modified", "fetched", False, "The page has not changed since the last visit."),
    Outcome("redirected", "fetched", False, "The page points to another address, which is followed as its own URL."),
    Outcome("robots_denied", "filtered", False, "The site's robots.txt asks not to visit this page."),
    Outcome("out_of_scope", "filtered", False, "The job's scope, patterns or depth leave this page out."),
    Outcome("blocked_address", "filtered", False, "The host is at an address that may not be visited."),
    Outcome("dns_failed", "failed", True, "The host's name was not found."),
    Outcome("connect_failed", "failed", True, "The host could not be reached, or dropped the connection."),
    Outcome("tls_failed", "failed", False, "No trusted TLS connection could be made; its certificate may be wrong."),
    Outcome("timeout", "failed", True, "The host did not answer in time."),
    Outcome("http_error", "failed", True, "The host answered with an error status."),
    Outcome("too_large", "failed", False, "The response is larger than the job's limit."),
    Outcome("bad_content_type", "filtered", False, "The page is of a type that the job does not want."),
    Outcome("decode_failed", "failed", True, "The body could not be decompressed."),
    Outcome(
        "malformed_response", "failed", True, "The answer was cut short or is not HTTP, or no request could be sent."
    ),
    Outcome("too_many_redirects", "failed", False, "The page redirects in a circle or too often."),
    Outcome("budget", "filtered", False, "The run's page limit was reached first."),
    Outcome("cancelled", "filtered", False, "The run was cancelled before the visit."),
    Outcome("render_failed", "failed", True, "The browser could not render the page."),
    Outcome("extract_failed", "failed", False, "The extraction rules failed on this page."),
    Outcome("dead_lettered", "failed", False, "The page could not be processed and is kept as a dead letter."),
    Outcome("not_kept", "failed", False, "The page is no longer kept, so that a replay cannot read it again."),
)

OUTCOMES: Mapping[str, Outcome] = MappingProxyType({outcome.name: outcome for outcome in _ALL})
"""Every outcome by its name."""

RETRYABLE_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504, 507, 509, 520, 521, 522, 523, 524, 529, 530})
"""Statuses that may pass by themselves: RFC 9110, 6585, 8470, 4918, and those that proxies commonly add."""


def outcome_of_failure(kind: FailureKind) -> Outcome:
    """The outcome that an exchange's failure is: its own name, but for a dropped connection, which is a failed one."""
    return OUTCOMES["connect_failed" if kind == "connection_lost" else kind]


def outcome_of_status(status: int) -> Outcome:
    """The outcome of a whole response by its status alone; a 3xx without a usable Location is the caller's to see."""
    if 200 <= status < 300:
        return OUTCOMES["fetched"]
    if status == 304:
        return OUTCOMES["not_modified"]
    return OUTCOMES["redirected" if 300 <= status < 400 else "http_error"]
