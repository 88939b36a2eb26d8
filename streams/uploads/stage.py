"""uploads → raw-records."""

import re
from collections.abc import Sequence

from msgspec.structs import replace

from schemas.codec import dumps
from schemas.delivery import Delivery, Handled, Reject
from schemas.events import CleanRules, RecordBatch, Upload
from schemas.ids import batch_id, digest, is_id, outsider_run_id, rejected_record_id
from schemas.job.strings import DATASET
from schemas.message import Message
from schemas.moments import of_epoch
from schemas.parting import MAX_BYTES, parts, size_of
from schemas.uploads import Part
from streams.uploads.ports import Runs

_DATASET = re.compile(DATASET).fullmatch


class Uploading:
    """Ours name their run and part; an outsider's message is a run of its own, named by its CloudEvents source and id
    (without those by its place), so that what is sent twice is stored once."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        """Batches of raw records for each new upload; what is wrong becomes a dead letter with its reason."""
        handled = Handled()
        for delivery in batch:
            message: Message = delivery.message
            try:
                part, batches = await self._read(message, delivery.event)
                taken = await self._runs.take(part)
                if taken == "unknown":
                    raise _Refused("unknown_run", f"There is no run {part.run_id}; an upload of your own names none.")
            except _Refused as problem:
                handled.rejects.append(Reject.of(message, problem.code, str(problem)))
                continue
            if taken == "taken":
                handled.outputs.extend(batches)
                handled.rejects.extend(_too_large(message, part, delivery.event))
        return handled

    async def give_up(self, delivery: Delivery, reason: str) -> Handled:
        """The message is in the dead letters; a run of ours does not wait for its part for ever."""
        upload: Upload = delivery.event
        if upload.run_id and is_id(upload.run_id):
            part = Part(run_id=upload.run_id, job_id="", dataset="", number=upload.part, place=_place(delivery.message),
                        source="", url_fp=_page(upload), batches=())  # fmt: skip
            await self._runs.take(part, failed=True)
        return Handled()

    async def _read(self, message: Message, upload: Upload) -> tuple[Part, list[RecordBatch]]:
        if not _DATASET(upload.dataset):
            raise _Refused("invalid_dataset", "dataset: letters, digits, _ . and -, at most 100, not a . or - first.")
        if not upload.records:
            raise _Refused("empty_upload", "An upload needs at least one record.")
        if upload.run_id:
            run_id = upload.run_id
            known = await self._runs.job_of(run_id) if is_id(run_id) and upload.part >= 0 else None
            if known is None or known[1] != upload.dataset:
                raise _Refused("unknown_run", f"There is no run {run_id[:60]!r} that takes records of this dataset.")
            job_id, source, whose = known[0], "", digest("uploads of an account", known[2])
        else:
            origin, event = message.told_by
            run_id = outsider_run_id(f"upload\x1f{origin}", event)
            job_id, source = digest(run_id, "job"), f"{origin} {event}"[:500].replace("\0", "")
            whose = digest("uploads of a source", origin)
        batches = _batches(message, upload, _compared(upload.rules, whose), run_id, job_id)
        part = Part(
            run_id=run_id,
            job_id=job_id,
            dataset=upload.dataset,
            number=upload.part if upload.run_id else 0,
            place=_place(message),
            source=source,
            url_fp=_page(upload),
            batches=[(batch.id, len(batch.records)) for batch in batches],
        )
        return part, batches


class _Refused(Exception):
    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def _place(message: Message) -> str:
    return f"{message.topic}:{message.partition}:{message.offset}:{message.timestamp}"


def _page(upload: Upload) -> str:
    """What stands for a page where there is none: the part of the upload."""
    return digest("upload", upload.run_id or "", str(upload.part if upload.run_id else 0))


def _fits(record: dict[str, object]) -> bool:
    return size_of(record) <= MAX_BYTES


def _compared(rules: CleanRules, whose: str) -> CleanRules:
    """Each upload is a job of its own; what it is compared with are those before it of the same account, or of the same
    CloudEvents source. Nothing is gone with one that does not say which upload was whole: few hold everything."""
    if rules.trends is None:
        return rules
    trends = replace(rules.trends, memory_of=whose, whole_run=rules.trends.whole_run or "")
    return replace(rules, trends=trends)


def _batches(message: Message, upload: Upload, rules: CleanRules, run_id: str, job_id: str) -> list[RecordBatch]:
    """The same for the same upload, whenever it is delivered; the time is that at which the broker took it."""
    at = of_epoch(message.timestamp / 1000)
    page, fetch = _page(upload), digest(run_id, "upload", str(upload.part))
    return [
        RecordBatch(
            id=batch_id(run_id, page, fetch, 1, number),
            dataset=upload.dataset,
            run_id=run_id,
            job_id=job_id,
            url="",
            url_fp=page,
            fetch_id=fetch,
            fetched_at=at,
            part=number,
            rules=rules,
            records=records,
        )
        for number, records in enumerate(parts(filter(_fits, upload.records)))
    ]


def _too_large(message: Message, part: Part, upload: Upload) -> list[Reject]:
    reason = f"The record has more than {MAX_BYTES} bytes, which fit into no message."
    return [
        Reject(
            message=message,
            code="too_large",
            reason=f"Record {index} of {upload.dataset}: {reason}",
            id=rejected_record_id(digest(part.run_id, part.url_fp), index),
            value=dumps(record),
            run_id=part.run_id,
        )
        for index, record in enumerate(upload.records)
        if not _fits(record)
    ]
