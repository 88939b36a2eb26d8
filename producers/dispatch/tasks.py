"""A reserved row and its run's options as a task for a fetcher. Pure."""

from schemas.events import FetchTask, Politeness
from schemas.events.requests import RenderVisit, Visit
from schemas.frontier import Issued
from schemas.job import JobDescription
from schemas.job.options import Options
from schemas.secret_names import names_secret


def task_of(row: Issued, job: JobDescription, now: str, known: tuple[str, str, str] | None = None) -> FetchTask:
    """What the fetcher must know to make the visit as the job wants it.

    `known` is what the job knows of the page: ETag, Last-Modified, when it was seen if it is not due again yet.
    """
    options = job.options
    return FetchTask(
        run_id=row.run_id,
        url_fp=row.url_fp,
        url=row.url,
        host=row.host,
        attempt=row.attempt,
        depth=row.depth,
        hops=row.hops,
        tries=row.tries,
        politeness=Politeness(
            respect_robots=options.respect_robots,
            delay=options.delay,
            concurrency=options.concurrency if options.delay == 0 else 1,
            adaptive=options.adaptive,
            patience=options.host_patience,
        ),
        user_agent=options.user_agent or "",
        headers=_headers(row, job),
        timeout=options.timeout,
        max_body=options.max_body,
        visit=_visit(row, job, known),
        issued_at=now,
    )


def _visit(row: Issued, job: JobDescription, known: tuple[str, str, str] | None) -> Visit:
    """Links, redirects and lists of pages are asked for by GET, whatever the job's method is for what it names."""
    options, page = job.options, row.kind == "page"
    named = page and row.depth == 0 and row.hops == 0
    etag, last_modified, rested = _freshness(options, known)
    return Visit(
        kind=row.kind,
        method=options.method if named else "GET",
        body=options.body if named else None,
        cookies=options.cookies if options.cookies and job.trusts(row.url) else {},
        keep_cookies=options.keep_cookies,
        credentials=options.credentials or "",
        proxy=options.proxy or "",
        http2=options.http2,
        connect_timeout=options.connect_timeout,
        read_timeout=options.read_timeout,
        content_types=options.content_types if page else [],
        render=_render(options) if page else None,
        etag=etag,
        last_modified=last_modified,
        rested=rested,
    )


def _headers(row: Issued, job: JobDescription) -> dict[str, str]:
    """The job's own; those that open a door, by their names, are for the hosts that the job names (Fetch standard,
    "HTTP-redirect fetch")."""
    headers = job.options.headers
    if not any(names_secret(name) for name in headers) or job.trusts(row.url):
        return headers
    return {name: value for name, value in headers.items() if not names_secret(name)}


def _render(options: Options) -> RenderVisit | None:
    wishes = options.render
    if wishes is None:
        return None
    return RenderVisit(wait_until=wishes.wait_until, wait_for=wishes.wait_for, screenshot=wishes.screenshot)


def _freshness(options: Options, known: tuple[str, str, str] | None) -> tuple[str, str, str]:
    """What spares the host: ETag and Last-Modified as a condition, or the reason for which it need not be asked."""
    if options.freshness is None or known is None:
        return "", "", ""
    etag, last_modified, rests_since = known
    if rests_since:
        return "", "", f"The page was seen at {rests_since} and is not due again yet."
    return (etag, last_modified, "") if options.freshness.conditional else ("", "", "")
