"""Identities that are the same whoever computes them, whenever: what makes repeats recognisable."""

import re
from uuid import UUID, uuid5

import numpy as np
import xxhash

_ID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}").fullmatch

OUTSIDERS = UUID("6f1d0f9e-7e0b-5f0e-9d38-6a3b8f0f4c11")
"""Namespace of run ids that are derived from an outsider's message."""


def is_id(text: str) -> bool:
    """Whether it is a UUID as we write them: lower case, with hyphens."""
    return _ID(text) is not None


def digest(*parts: str) -> str:
    """128-bit xxh3 of the parts as a UUID string; the unit separator keeps ("ab","c") and ("a","bc") apart."""
    found = xxhash.xxh3_128_hexdigest("\x1f".join(parts).encode())
    return f"{found[:8]}-{found[8:12]}-{found[12:16]}-{found[16:20]}-{found[20:]}"


def batch_id(run_id: str, url_fp: str, fetch_id: str, revision: int, part: int) -> str:
    """A batch is the same batch when the same rules read the same exchange: redelivery changes nothing."""
    return digest(run_id, url_fp, fetch_id, str(revision), str(part))


def record_id(batch: str, index: int) -> str:
    """A record is the n-th of its raw batch (rejected and filtered ones count too)."""
    return digest(batch, str(index))


def record_ids(batch: str, count: int) -> list[str]:
    """`record_id` of the first `count` indices: hyphens are put between all digits at once."""
    name = batch.encode()
    digests = b"".join([xxhash.xxh3_128_digest(b"%b\x1f%d" % (name, index)) for index in range(count)])
    digits = np.frombuffer(digests.hex().encode(), dtype=np.uint8).reshape(count, 32)
    written = np.full((count, 36), ord("-"), dtype=np.uint8)
    for start, end, place in ((0, 8, 0), (8, 12, 9), (12, 16, 14), (16, 20, 19), (20, 32, 24)):
        written[:, place : place + end - start] = digits[:, start:end]
    whole = written.tobytes().decode()
    return [whole[place : place + 36] for place in range(0, len(whole), 36)]


def dead_letter_id(topic: str, partition: int, offset: int) -> str:
    """The letter for one message."""
    return digest(topic, str(partition), str(offset))


def rejected_record_id(batch: str, index: int) -> str:
    """The letter for one record of a batch: the same wherever and however often the batch is delivered."""
    return digest(batch, "rejected", str(index))


def outcome_id(run_id: str, url_fp: str, attempt: int, fetch_id: str) -> str:
    """One outcome for each answered attempt."""
    return digest(run_id, url_fp, str(attempt), fetch_id)


def outsider_run_id(source: str, event: str) -> str:
    """The run of an outsider's request: named by its CloudEvents source and id, or by topic id and position."""
    return str(uuid5(OUTSIDERS, f"{source}\x1f{event}"))


def trace_id(run_id: str, url_fp: str) -> str:
    """W3C trace id of one URL in one run, derived and therefore known to every stage without being carried."""
    return xxhash.xxh3_128_hexdigest(f"{run_id}\x1f{url_fp}".encode())


def traceparent(run_id: str, url_fp: str, span: str) -> str:
    """W3C Trace Context `traceparent`; the span is the event that carries it."""
    return f"00-{trace_id(run_id, url_fp)}-{xxhash.xxh3_64_hexdigest(span.encode())}-01"
