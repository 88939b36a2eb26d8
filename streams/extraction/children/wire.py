"""What a process and its children say to each other: frames of a length and a body, over a socket pair."""

from typing import Any, TypeAlias

import msgspec

from schemas.events import FetchResult
from schemas.job import Freshness, JobDescription
from schemas.outcomes import OutcomeName
from schemas.pinned import PinnedRun
from streams.extraction.contents import Contents

HEAD = 8
"""Bytes of a frame's length, big-endian."""

PID = 4
"""Bytes of a child's first word, its process id."""

MAX_FRAME = 512 * 1024 * 1024
"""Bytes of a frame; more is a child that has gone mad."""


class PackedRun(msgspec.Struct, frozen=True):
    """A run as it travels; the job as JSON."""

    id: str
    job_id: str
    dataset: str
    revision: int
    job: str
    whole_run: str | None = None


class Order(msgspec.Struct, frozen=True):
    """Read this page by the rules of the run named `key`; `run` is there when the child asked for it."""

    key: str
    result: FetchResult
    run: PackedRun | None = None


class Read(msgspec.Struct, frozen=True, tag=True):
    """The page's contents."""

    contents: Contents


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The page cannot be read, for a reason that lies in it or in the rules."""

    outcome: OutcomeName
    sentence: str


class WhichRun(msgspec.Struct, frozen=True, tag=True):
    """Say it again with the run."""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """A mistake in the program: `error` is for the log."""

    error: str


Reply: TypeAlias = Read | Refused | WhichRun | Failed


class Told(msgspec.Struct, frozen=True):
    """A reply, and the processor seconds that the child has used in its life."""

    cpu: float
    reply: Reply


def _plain(value: Any) -> Any:
    if isinstance(value, Freshness):
        return value.model_dump(mode="json")
    raise NotImplementedError(type(value))


def _meant(kind: type, value: Any) -> Any:
    if kind is Freshness:
        return Freshness.model_validate(value)
    raise NotImplementedError(kind)


# Orders hold a body, so bytes are written as they are; replies hold what JSON of a page may hold, integers of any size.
encode_order = msgspec.msgpack.Encoder().encode
decode_order = msgspec.msgpack.Decoder(Order).decode
encode_told = msgspec.json.Encoder(enc_hook=_plain).encode
decode_told = msgspec.json.Decoder(Told, dec_hook=_meant).decode


def framed(body: bytes) -> bytes:
    """A frame."""
    return len(body).to_bytes(HEAD, "big") + body


def key_of(run: PinnedRun) -> str:
    """What tells one run's pinned rules from all others."""
    return f"{run.id}/{run.revision}"


def packed_run(run: PinnedRun) -> PackedRun:
    """The run for the way."""
    job = run.description.model_dump_json(exclude_unset=True)
    return PackedRun(run.id, run.job_id, run.dataset, run.revision, job, run.whole_run)


def unpacked_run(run: PackedRun) -> PinnedRun:
    """The run that travelled."""
    job = JobDescription.model_validate_json(run.job)
    return PinnedRun(
        id=run.id,
        job_id=run.job_id,
        dataset=run.dataset,
        description=job,
        revision=run.revision,
        whole_run=run.whole_run,
    )
