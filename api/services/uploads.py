"""Records from outside: read, checked line by line, and given a run of their own."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import orjson
from pydantic import ValidationError

from api.auth.callers import Caller
from api.auth.visits import Visit
from api.edge.bodies import crowd, fault_of
from api.edge.integers import SAID, beyond
from api.errors import ApiError, Fault, invalid
from api.ports import Uploads
from api.shapes.uploads import UploadHead
from schemas.events import Upload
from schemas.ids import digest
from schemas.ledger import Opening
from schemas.parting import MAX_BYTES, parts, size_of

MOST = 10_000
"""Records of one call."""

MOST_ERRORS = 100
"""Errors that are told of one call; all are counted."""

_DEEPEST = 32

Line = tuple[int, Any]
"""A place, counted from 1, and what stands there: a record, or an ApiError's sentence as a `_Wrong`."""


@dataclass(frozen=True, slots=True)
class _Wrong:
    message: str


@dataclass(frozen=True, slots=True)
class LineError:
    """Why one line is no record."""

    line: int
    message: str


@dataclass(slots=True)
class Received:
    """The records of a call, and what was wrong with others."""

    records: list[dict[str, Any]] = field(default_factory=list)
    errors: list[LineError] = field(default_factory=list)
    wrong: int = 0


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a call: its job and run, and how many records go their way."""

    job_id: str
    run_id: str
    dataset: str
    records: int
    received: Received


class UploadService:
    """Takes records for a dataset. What is answered is in PostgreSQL, from where it goes to Kafka in any case."""

    def __init__(self, uploads: Uploads, new_id: Callable[[], UUID] = uuid4) -> None:
        self._uploads = uploads
        self._new_id = new_id

    async def take(self, caller: Caller, head: UploadHead, received: Received, visit: Visit) -> Accepted:
        """Opens a run for the records. 422 where there is none."""
        if not received.records:
            faults = [Fault(f"line {error.line}", error.message, "INVALID") for error in received.errors]
            if not faults:
                raise invalid("records", "There is no record in the body.", "MISSING")
            raise ApiError(422, "VALIDATION_ERROR", "No line of the body is a record.", faults)
        run_id, job_id = visit.new_id("run", self._new_id), visit.new_id("job", self._new_id)
        rules = head.rules()
        uploads = [
            Upload(dataset=head.dataset, records=part, rules=rules, id=digest(run_id, "part", str(number)),
                   run_id=run_id, part=number)
            for number, part in enumerate(parts(received.records))
        ]  # fmt: skip
        opening = Opening(
            run_id=run_id,
            job_id=job_id,
            owner=caller.user_id,
            name=f"upload to {head.dataset}",
            dataset=head.dataset,
            description={"type": "upload", "name": f"upload to {head.dataset}", "dataset": head.dataset, "urls": []},
            priority=0,
            max_pages=len(uploads),
        )
        act = visit.act(caller.user_id, "records_uploaded", job_id, run_id=run_id, records=len(received.records))
        await self._uploads.open(opening, uploads, act)
        return Accepted(job_id, run_id, head.dataset, len(received.records), received)


def from_list(values: Any) -> Received:
    """A JSON list."""
    if not isinstance(values, list):
        raise invalid("records", "The records must be a list of objects.", "INVALID_TYPE")
    return _received(enumerate(values, 1))


def from_lines(body: bytes) -> Received:
    """JSON lines; blank ones are passed over."""
    return _received(_lines(body))


def from_csv(body: bytes) -> Received:
    """CSV in UTF-8 whose first row names the fields; an empty cell is no value."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as problem:
        raise invalid("body", f"CSV must be UTF-8: byte {problem.start} is not.", "INVALID") from None
    return _received(_rows(text))


def _lines(body: bytes) -> Iterator[Line]:
    # Line by line: twenty million empty ones, cut at once, would take a gigabyte.
    for number, line in enumerate(io.BytesIO(body), 1):
        if line.strip():
            yield number, _read(line)


def _read(line: bytes) -> Any:
    crowded = crowd(line)
    if crowded:
        return _Wrong(crowded.message)
    try:
        value = orjson.loads(line)
        return value if beyond(line) is None else _Wrong(SAID)
    except orjson.JSONDecodeError as problem:
        return _Wrong(f"It is not JSON: {problem}"[:300])


def _rows(text: str) -> Iterator[Line]:
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        names = next(reader, [])
        if not names or not all(name.strip() for name in names) or len(set(names)) < len(names):
            raise invalid("body", "The first row must name the fields, each once.", "INVALID")
        for row in reader:
            if not row:
                continue
            if len(row) != len(names):
                yield reader.line_num, _Wrong(f"It has {len(row)} cells; the first row names {len(names)} fields.")
            else:
                yield reader.line_num, {name.strip(): cell for name, cell in zip(names, row, strict=True) if cell}
    except csv.Error as problem:
        yield reader.line_num, _Wrong(f"It is not CSV: {problem}"[:300])


def _received(lines: Iterator[Line] | enumerate[Any]) -> Received:
    found = Received()
    for number, value in lines:
        if len(found.records) + found.wrong == MOST:
            raise invalid("records", f"A call takes at most {MOST} records.", "TOO_MANY")
        wrong = _wrong(value)
        if not wrong:
            found.records.append(value)
            continue
        found.wrong += 1
        if len(found.errors) < MOST_ERRORS:
            found.errors.append(LineError(number, wrong))
    return found


def _wrong(value: Any) -> str:
    """Why it is no record; empty where it is one."""
    if isinstance(value, _Wrong):
        return value.message
    if not isinstance(value, dict) or not value:
        return "It must be an object with at least one field."
    fault = fault_of(value, _DEEPEST)
    if fault:
        return f"{fault.field}: {fault.message}" if fault.field else fault.message
    if size_of(value) > MAX_BYTES:
        return f"It has more than {MAX_BYTES} bytes."
    return ""


def head_of(values: dict[str, Any]) -> UploadHead:
    """What an upload says beside its records. ApiError 422."""
    try:
        return UploadHead.model_validate(values)
    except ValidationError as problem:
        faults = [
            Fault(".".join(map(str, error["loc"])), error["msg"].removeprefix("Value error, "), "INVALID")
            for error in problem.errors(include_url=False, include_input=False, include_context=False)[:100]
        ]
        sentence = "The request is not valid; `details.errors` names every field."
        raise ApiError(422, "VALIDATION_ERROR", sentence, faults) from None
