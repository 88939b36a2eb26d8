"""scrape-requests → frontier."""

from collections.abc import Sequence

from pydantic import ValidationError

from schemas.delivery import Delivery, Handled, Reject
from schemas.events import ScrapeRequest
from schemas.events.requests import SourceKind
from schemas.hosts import UrlError, host_of
from schemas.ids import digest, outsider_run_id
from schemas.job import JobDescription
from schemas.message import Message
from schemas.spelling import Spelling
from schemas.urls import canonical, row_fingerprint
from streams.intake.ports import Runs, Seed


class Intake:
    """Ours point to a run, an outsider's message carries its job. Policy (robots.txt, delays, the address guard) is
    the server's either way."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

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
                handled.rejects.append(Reject.of(delivery.message, problem.code, problem.reason))
        return handled

    async def _open_ours(self, run_id: str) -> None:
        try:
            job = await self._runs.description(digest_checked(run_id))
        except ValueError as problem:
            raise _Refused("unknown_run", str(problem)) from problem
        if job is None:
            raise _Refused("unknown_run", f"There is no run {run_id}; a request of your own carries a `job`.")
        await self._runs.seed(run_id, _seeds(job))

    async def _open_outsiders(self, message: Message, description: object) -> None:
        try:
            job = JobDescription.model_validate(description)
        except ValidationError as problem:
            raise _Refused("invalid_job", _sentence(problem)) from problem
        source, event = message.header("ce_source"), message.header("ce_id")
        if not (source and event):
            # With its time a place is not the same place in a topic that was recreated.
            event = f"{message.partition}:{message.offset}:{message.timestamp}"
            source = f"kafka:{message.topic}"
        run_id = outsider_run_id(source, event)
        await self._runs.open_outsiders(run_id, digest(run_id, "job"), job, f"{source} {event}"[:500], _seeds(job))


class _Refused(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def digest_checked(run_id: str) -> str:
    """The run id if it has the shape of one; ValueError otherwise."""
    parts = [len(part) for part in run_id.split("-")]
    if parts != [8, 4, 4, 4, 12] or not all(char in "0123456789abcdef-" for char in run_id):
        raise ValueError(f"{run_id[:60]!r} is not a run id; a request of your own carries a `job`.")
    return run_id


def _seeds(job: JobDescription) -> list[Seed]:
    """Pages, sitemaps and feeds; one address may be named as each."""
    spelling = Spelling(job.options.strip_query, job.options.keep_query)
    named: list[tuple[str, SourceKind, list[str]]] = [
        ("urls", "page", job.urls),
        ("sitemaps", "sitemap", job.sitemaps),
        ("feeds", "feed", job.feeds),
    ]
    seeds, flaws = [], []
    for field, kind, urls in named:
        for url in urls:
            try:
                whole = canonical(url)
            except UrlError as problem:
                flaws.append(f"{field}: {url[:200]}: {problem}")
                continue
            whole = spelling.of_seed(whole) if kind == "page" else whole
            seeds.append(Seed(row_fingerprint(whole, kind), whole, host_of(whole), kind))
    if flaws:
        raise _Refused("invalid_job", "; ".join(flaws[:20]))
    return seeds


def _sentence(problem: ValidationError) -> str:
    errors = problem.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, error['loc'])) or 'job'}: {error['msg']}" for error in errors[:50])
