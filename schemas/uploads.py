"""Records from outside, as they are counted: an upload's messages, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias


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


Taken: TypeAlias = Literal["taken", "repeated", "unknown"]
"""taken: publish it (it is this message's, however often that is delivered). repeated: another message brought the same
part before. unknown: there is no such run."""
