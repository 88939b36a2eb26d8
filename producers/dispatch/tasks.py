"""A reserved row and its run's options as a task for a fetcher. Pure."""

from producers.dispatch.ports import Issued
from schemas.events import FetchTask, Politeness
from schemas.job import JobDescription


def task_of(row: Issued, job: JobDescription, now: str) -> FetchTask:
    """What the fetcher must know to make the visit as the job wants it."""
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
        ),
        user_agent=options.user_agent or "",
        headers=options.headers,
        timeout=options.timeout,
        max_body=options.max_body,
        issued_at=now,
    )
