"""What uploads need: where runs are opened and their parts counted."""

from typing import Protocol

from schemas.uploads import Part, Taken


class Runs(Protocol):
    """Counts each part once, whatever is delivered twice. Outages are waited out."""

    async def take(self, part: Part, *, failed: bool = False) -> Taken:
        """Opens an outsider's run, promises the part's batches and counts it; `failed`: as one that brought nothing."""
        ...

    async def job_of(self, run_id: str) -> tuple[str, str, str] | None:
        """Job, dataset and owner of a run that the gateway opened."""
        ...
