"""Previews: rules tried on one stored page, for people who write them."""

from typing import Any

from api.auth.callers import Caller
from api.errors import invalid, unavailable
from api.ports import Previews
from api.services.at_once import AtOnce
from api.services.jobs import JobService
from api.services.replays import described
from schemas.hosts import UrlError
from schemas.previews import PreviewAnswer
from schemas.urls import canonical, row_fingerprint

AT_ONCE, AT_ONCE_EACH = 8, 2
"""Previews that are waited for, in all and by one caller."""


class Previewing:
    """Asks whoever reads pages, and waits `wait` seconds. ApiError 404 for what the caller may not see, 422 for rules
    that do not go with the job, 503 while nobody answers or too many ask."""

    def __init__(self, service: JobService, previews: Previews, wait: float) -> None:
        self._service = service
        self._previews = previews
        self._wait = wait
        self._at_once = AtOnce(AT_ONCE, AT_ONCE_EACH)

    async def preview(self, caller: Caller, job_id: str, url: str, changes: dict[str, Any]) -> PreviewAnswer:
        """What the job's rules, or these in their place, make of the newest stored copy of a page."""
        job = await self._service.job(caller, job_id)
        description = described(job, changes).model_dump(mode="json")
        try:
            fingerprint = row_fingerprint(canonical(url), "page")
        except UrlError as problem:
            raise invalid("url", str(problem), "INVALID") from None
        if not self._at_once.left_for(caller.user_id):
            raise unavailable("Too many previews are being made at the moment; ask again in a second.", 1)
        with self._at_once.holding(caller.user_id):
            answer = await self._previews.ask(job.id, fingerprint, description, self._wait)
        if answer is None:
            raise unavailable("Nobody reads pages at the moment; see whether extraction runs.", 5)
        return answer
