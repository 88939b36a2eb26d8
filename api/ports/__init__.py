"""What the gateway needs of the world, as promises. Adapters keep them; the tests' fakes keep them too.

A store that does not answer raises the error types that `build` is told to take for "unavailable"; every write takes
an Act and leaves it in the audit log in the same transaction. Ids are lower-case UUID strings, times are aware.
"""

from dataclasses import dataclass

from api.ports.accounts import Accounts, SiteCredentials
from api.ports.jobs import Jobs, Previews, RuleCheck, RuleProblem, Uploads
from api.ports.live import Behind, Checks, Feed, OpenFeed, ProcessHealth, Telemetry
from api.ports.stored import Records, Resend, Resent

__all__ = [
    "Accounts",
    "Behind",
    "Checks",
    "Feed",
    "Jobs",
    "OpenFeed",
    "Ports",
    "Previews",
    "ProcessHealth",
    "Records",
    "Resend",
    "Resent",
    "RuleCheck",
    "RuleProblem",
    "SiteCredentials",
    "Telemetry",
    "Uploads",
]


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Everything the gateway talks to."""

    accounts: Accounts
    jobs: Jobs
    check_rules: RuleCheck
    previews: Previews
    credentials: SiteCredentials
    records: Records
    uploads: Uploads
    resent: Resent
    resend: Resend
    open_feed: OpenFeed
    telemetry: Telemetry
    checks: Checks
