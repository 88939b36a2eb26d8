"""Checking a job without keeping or visiting anything: its rules, its credentials, its addresses."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from api.auth.callers import Caller
from api.errors import ApiError, Fault
from api.ports import AddressRule
from api.services.jobs import JobService
from api.services.references import References
from schemas.hosts import UrlError
from schemas.job import JobDescription
from schemas.urls import canonical

MOST_SOURCES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChecked:
    """Where a job would begin. `allowed`: by its address, as far as that is known without asking anybody."""

    url: str
    canonical: str | None
    allowed: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What stands against a job; nothing, where it would be taken."""

    sources: Sequence[SourceChecked]
    faults: Sequence[Fault]


class Checking:
    """Asks whatever would refuse the job later."""

    def __init__(self, service: JobService, credentials: References, address_rule: AddressRule) -> None:
        self._service = service
        self._credentials = credentials
        self._address_rule = address_rule

    async def check(self, caller: Caller, description: JobDescription) -> Checked:
        """Every fault at once."""
        sources = [self._source(url) for url in description.sources[:MOST_SOURCES]]
        faults = [
            Fault(f"urls.{place}", source.reason, "URL_NOT_ALLOWED")
            for place, source in enumerate(sources)
            if not source.allowed
        ]
        faults += await _faults(self._service.check(description))
        faults += await _faults(self._credentials.check(caller.user_id, description))
        return Checked(sources=sources, faults=faults)

    def _source(self, url: str) -> SourceChecked:
        try:
            spelled = canonical(url)
        except UrlError as problem:
            return SourceChecked(url=url, canonical=None, allowed=False, reason=str(problem))
        parts = urlsplit(spelled)
        reason = self._address_rule(parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
        return SourceChecked(url=url, canonical=spelled, allowed=reason is None, reason=reason or "")


async def _faults(check: Awaitable[None]) -> Sequence[Fault]:
    try:
        await check
    except ApiError as problem:
        if problem.status_code != 422:
            raise
        return problem.faults
    return ()
