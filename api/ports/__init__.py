"""What the gateway needs of the world, as promises. Adapters keep them; the tests' fakes keep them too.

A store that does not answer raises the error types that `build` is told to take for "unavailable"; every write takes
an Act and leaves it in the audit log in the same transaction. Ids are lower-case UUID strings, times are aware.
"""

from dataclasses import dataclass

from api.ports.accounts import Accounts, SiteCredentials
from api.ports.analyses import Analyses
from api.ports.audit import AuditLog, ProcessLogs
from api.ports.books import Books, Editions
from api.ports.exports import ExportFiles, Exports, Storage, SystemFigures
from api.ports.history import IdempotencyKeys, JobVersions, RunHistory, Visits
from api.ports.jobs import AddressRule, Jobs, Previews, Uploads
from api.ports.limits import Quotas, Rates
from api.ports.live import Behind, Checks, Feed, OpenFeed, Past, ProcessHealth, StoredUpTo, Telemetry
from api.ports.oauth import OAuthStore
from api.ports.oidc import Identities, Provider
from api.ports.schedules import Schedules
from api.ports.signing import SigningKeys
from api.ports.stored import Records, Resend, Resent
from api.ports.users import Attempts, Factors, Users
from api.ports.webhooks import Webhooks
from schemas.rule_checks import RuleCheck

__all__ = [
    "Accounts",
    "AddressRule",
    "Analyses",
    "Attempts",
    "AuditLog",
    "Behind",
    "Books",
    "Checks",
    "Editions",
    "ExportFiles",
    "Exports",
    "Factors",
    "Feed",
    "IdempotencyKeys",
    "Identities",
    "JobVersions",
    "Jobs",
    "OAuthStore",
    "OpenFeed",
    "Past",
    "Ports",
    "Previews",
    "ProcessHealth",
    "ProcessLogs",
    "Provider",
    "Quotas",
    "Rates",
    "Records",
    "Resend",
    "Resent",
    "RunHistory",
    "Schedules",
    "SigningKeys",
    "SiteCredentials",
    "Storage",
    "StoredUpTo",
    "SystemFigures",
    "Telemetry",
    "Uploads",
    "Users",
    "Visits",
    "Webhooks",
]


@dataclass(frozen=True, kw_only=True)
class Ports:
    """Everything the gateway talks to."""

    accounts: Accounts
    users: Users
    factors: Factors
    attempts: Attempts
    jobs: Jobs
    versions: JobVersions
    history: RunHistory
    visits: Visits
    idempotency: IdempotencyKeys
    check_rules: RuleCheck
    address_rule: AddressRule
    previews: Previews
    schedules: Schedules
    webhooks: Webhooks
    webhook_rule: AddressRule
    credentials: SiteCredentials
    signing: SigningKeys
    oauth: OAuthStore
    identities: Identities
    provider: Provider | None = None
    quotas: Quotas
    rates: Rates
    records: Records
    analyses: Analyses
    audit: AuditLog
    process_logs: ProcessLogs
    uploads: Uploads
    exports: Exports
    export_files: ExportFiles
    figures: SystemFigures
    storage: Storage
    resent: Resent
    resend: Resend
    open_feed: OpenFeed
    past: Past
    stored_up_to: StoredUpTo
    telemetry: Telemetry
    checks: Checks
    books: Books
    editions: Editions
