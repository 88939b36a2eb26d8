"""scrape-requests → frontier."""

from collections.abc import Sequence

from pydantic import ValidationError

from schemas.delivery import Delivery, Handled, Reject
from schemas.events import ScrapeRequest
from schemas.events.requests import SourceKind
from schemas.frontier import Seed
from schemas.hosts import host_of
from schemas.ids import digest, is_id, outsider_run_id
from schemas.job import JobDescription
from schemas.message import Message
from schemas.rule_checks import RuleCheck
from schemas.spelling import Spelling
from schemas.urls import canonical, row_fingerprint
from streams.intake.ports import Runs

_NO_CREDENTIALS = (
    "options.credentials: stored credentials belong to users of the gateway, and a message belongs to none; "
    "start this job with POST /api/v1/scrape."
)
_NO_WEBHOOKS = (
    "notifications.webhooks: webhooks belong to users of the gateway, and a message belongs to none; give addresses, "
    "or start this job with POST /api/v1/scrape."
)


class Intake:
    """Ours point to a run, an outsider's message carries its job. Policy (robots.txt, delays, the address guard) is
    the server's either way."""

    def __init__(self, runs: Runs, check_rules: RuleCheck) -> None:
        self._runs = runs
        self._check_rules = check_rules

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """Opens what is new; what is wrong becomes a dead letter that names every wrong field."""
        handled = Handled()
        for delivery in batch:
            request: ScrapeRequest = delivery.event
            try:
                if request.job is not None:
                    await self._open_outsiders(delivery.message, request.job)
                elif request.run_id is not None:
                    await self._open_ours(request.run_id)
                else:
                    raise _Refused("empty_request", "A scrape request needs a `job`: a job description.")
            except _Refused as problem:
                await self._refuse(request, problem.reason)
                handled.rejects.append(Reject.of(delivery.message, problem.code, problem.reason))
        return handled

    async def give_up(self, delivery: Delivery, reason: str) -> Handled:
        """The message is in the dead letters; a run that it pointed to does not wait for ever."""
        await self._refuse(delivery.event, reason)
        return Handled()

    async def _refuse(self, request: ScrapeRequest, reason: str) -> None:
        if request.job is None and request.run_id is not None and is_id(request.run_id):
            await self._runs.refuse(request.run_id, reason)

    async def _open_ours(self, run_id: str) -> None:
        job = await self._runs.description(run_id) if is_id(run_id) else None
        if job is None:
            raise _Refused("unknown_run", f"There is no run {run_id[:60]!r}; a request of your own carries a `job`.")
        await self._runs.seed(run_id, _seeds(job))

    async def _open_outsiders(self, message: Message, description: object) -> None:
        try:
            job = JobDescription.model_validate(description)
        except ValidationError as problem:
            raise _Refused("invalid_job", _sentence(problem)) from problem
        if job.options.credentials is not None:
            raise _Refused("invalid_job", _NO_CREDENTIALS)
        if job.notifications.webhooks:
            raise _Refused("invalid_job", _NO_WEBHOOKS)
        problems = self._check_rules(job.extract)
        if problems:
            sentence = "; ".join(f"extract.{problem.place}: {problem.reason}" for problem in problems[:50])
            raise _Refused("invalid_job", sentence)
        source, event = message.told_by
        run_id = outsider_run_id(source, event)
        await self._runs.open_outsiders(run_id, digest(run_id, "job"), job, f"{source} {event}"[:500], _seeds(job))


class _Refused(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def _seeds(job: JobDescription) -> list[Seed]:
    """Pages, sitemaps and feeds; one address may be named as each."""
    spelling = Spelling(job.options.strip_query, job.options.keep_query)
    seeds = [_seed(spelling.of_seed(canonical(url)), "page") for url in job.urls]
    seeds += [_seed(canonical(url), "sitemap") for url in job.sitemaps]
    return seeds + [_seed(canonical(url), "feed") for url in job.feeds]


def _seed(url: str, kind: SourceKind) -> Seed:
    return Seed(row_fingerprint(url, kind), url, host_of(url), kind)


def _sentence(problem: ValidationError) -> str:
    errors = problem.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, error['loc'])) or 'job'}: {error['msg']}" for error in errors[:50])
