"""What uploads need: where runs are opened and their parts counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One message of an upload. `place` names the message, `batches` are what it becomes, with their records.

    `source` is empty for ours, whose run the gateway has opened; an outsider's message opens its own.
    """

    run_id: str
    job_id: str
    dataset: str
    number: int
    place: str
    source: str
    url_fp: str
    batches: Sequence[tuple[str, int]]


Taken = Literal["taken", "repeated", "unknown"]
"""taken: publish it (it is this message's, however often that is delivered). repeated: another message brought the same
part before. unknown: there is no such run."""


class Runs(Protocol):
    """Counts each part once, whatever is delivered twice. Outages are waited out."""

    async def take(self, part: Part, *, failed: bool = False) -> Taken:
        """Opens an outsider's run, promises the part's batches and counts it; `failed`: as one that brought nothing."""
        ...

    async def job_of(self, run_id: str) -> tuple[str, str, str] | None:
        """Job, dataset and owner of a run that the gateway opened."""
        ...
