"""Jobs and their runs, and what is asked about them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol

from schemas.accounts import Act
from schemas.events import Upload
from schemas.ledger import HostSample, HostWait, Job, JobFilter, JobOrder, Opening, PagesWanted, Run, UrlFate
from schemas.previews import PreviewAnswer


class Jobs(Protocol):
    """Jobs and their runs. Deleted jobs are not found. Who may see what is the caller's to decide."""

    async def create(self, opening: Opening, act: Act) -> Run:
        """A new job and its first run, which is `queued`; its request to Kafka is in the same transaction. An act with
        a claim is done once (so for `start` and `replay`): another attempt with the same ids gets the same run."""
        ...

    async def start(self, opening: Opening, act: Act, *, force: bool) -> Run | Literal["running", "gone"]:
        """Another run of a job: `running` while one of its kind is open, unless `force`. Racing calls open one run."""
        ...

    async def replay(
        self, opening: Opening, wanted: PagesWanted, act: Act
    ) -> Run | Literal["running", "gone", "nothing"]:
        """A run that reads stored pages again, into the next revision of the dataset: `running` while another one of
        the job does, `nothing` where no crawl of the job is meant. Racing calls open one run."""
        ...

    async def page(
        self, wanted: JobFilter, order: JobOrder, after: tuple[str, str] | None, limit: int, offset: int = 0
    ) -> list[tuple[Job, str]]:
        """In that order, after the position (place, id); each with its place in the order."""
        ...

    async def count(self, wanted: JobFilter) -> int:
        """How many there are."""
        ...

    async def job(self, job_id: str) -> Job | None:
        """With its newest run, if it has one."""
        ...

    async def run(self, run_id: str) -> Run | None:
        """Any run, by its own id."""
        ...

    async def newest_runs(
        self, *, owner: str | None = None, job_id: str | None = None, dataset: str | None = None, limit: int
    ) -> list[str]:
        """Ids of the newest runs of an owner, a job, or everyone; those that write into a dataset."""
        ...

    async def cancel(self, job_id: str, act: Act) -> list[str]:
        """Asks for the end of every open run of a job; returns those that were not being cancelled already."""
        ...

    async def pause(self, job_id: str, act: Act) -> list[str]:
        """No new visit begins in a job's open runs, from the next second on; returns those that this changed. Like the
        next two it leaves alone what is being cancelled or stopped."""
        ...

    async def resume(self, job_id: str, act: Act) -> list[str]:
        """Paused runs go on; returns those that were paused."""
        ...

    async def stop(self, job_id: str, act: Act) -> list[str]:
        """Open runs end with what they have under way; returns those that this changed."""
        ...

    async def adjust(self, job_id: str, priority: int | None, delay: float | None, act: Act) -> list[str]:
        """Another priority (-1 to 1) or delay (seconds) for a job's open runs, from now on; None leaves it."""
        ...

    async def delete(self, job_id: str, act: Act) -> Literal["deleted", "running", "gone"]:
        """Hides a job that is over; `running` while a run is open."""
        ...

    async def urls(
        self,
        run_id: str,
        *,
        outcome: str | None = None,
        url_fp: str | None = None,
        after: str | None = None,
        limit: int,
    ) -> list[UrlFate]:
        """In the order of the fingerprint, after one. `outcome` is an outcome, its class, or `queued` or `issued`."""
        ...

    async def redirect(self, run_id: str, url: str) -> UrlFate | None:
        """The URL of a run to which another one redirects."""
        ...

    async def host_wait(self, run_id: str, host: str) -> HostWait | None:
        """What a run's URLs at a host wait for."""
        ...

    async def spent_hosts(self, run_id: str, daily: int) -> int:
        """At how many hosts a run waits for tomorrow, because its job has had `daily` visits there today."""
        ...

    async def tried(self, run_id: str, limit: int) -> list[UrlFate]:
        """What a run has visited and what it began with, seeds first."""
        ...

    async def host_samples(self, run_id: str) -> list[HostSample]:
        """What a run has seen of each host."""
        ...


AddressRule = Callable[[str, int], str | None]
"""Why a host that is an address may not be visited at a port, or None; a name is looked up at the visit."""


class Previews(Protocol):
    """Rules tried on stored pages, by whoever reads pages."""

    async def ask(self, job_id: str, url_fp: str, description: Mapping[str, Any], wait: float) -> PreviewAnswer | None:
        """What the job so described makes of the newest stored copy of one of its pages; None: no answer came within
        `wait` seconds."""
        ...


class Uploads(Protocol):
    """Takes records from outside."""

    async def open(self, opening: Opening, uploads: Sequence[Upload], act: Act) -> None:
        """Job, run and every part at once: all of it will be in Kafka, or nothing is kept."""
        ...
