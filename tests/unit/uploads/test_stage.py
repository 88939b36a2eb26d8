"""What an upload becomes, before any store: an identity that is the same however often it is delivered."""

from typing import Any

import pytest

from schemas.delivery import Delivery
from schemas.events import CleanRules, RecordBatch, TrendRules, Upload
from schemas.ids import digest
from schemas.message import Message
from schemas.parting import MAX_BYTES, MAX_RECORDS
from streams.uploads.stage import Uploading
from tests.fakes.uploads import MemoryUploads

OURS = "5f1d2c3b-0a9e-4f7d-8c6b-1a2b3c4d5e6f"
JOB = "0b8f0f0a-6f3e-4a52-9d2b-8f6f2a3c1e10"


def runs_with_ours() -> MemoryUploads:
    runs = MemoryUploads()
    runs.known[OURS] = (JOB, "shop", "anna")
    return runs


def delivery(upload: Upload, offset: int = 7, **headers: str) -> Delivery:
    message = Message(
        "uploads", 1, offset, b"shop", b"{}", tuple((k, v.encode()) for k, v in headers.items()), 1_760_000_000_000
    )
    return Delivery(message, upload)


def upload(count: int = 3, **changed: Any) -> Upload:
    known: dict[str, Any] = {
        "dataset": "shop",
        "records": [{"n": n} for n in range(count)],
        "rules": CleanRules(key=["n"]),
    }
    return Upload(**known | changed)


NAMED: dict[str, Any] = {"ce_source": "/price-watch", "ce_id": "one"}


async def test_an_outsiders_upload_is_one_run_however_often_it_is_sent() -> None:
    runs = runs_with_ours()
    stage = Uploading(runs)
    first = await stage.handle([delivery(upload(1200), **NAMED)])
    again = await stage.handle([delivery(upload(1200), **NAMED)])
    copy = await stage.handle([delivery(upload(1200), offset=99, **NAMED)])
    assert first.outputs == again.outputs and copy.outputs == []
    batches = [batch for batch in first.outputs if isinstance(batch, RecordBatch)]
    assert [len(batch.records) for batch in batches] == [MAX_RECORDS, MAX_RECORDS, 200]
    assert [record["n"] for batch in batches for record in batch.records] == list(range(1200))
    assert len({batch.run_id for batch in batches}) == 1 and len({batch.id for batch in batches}) == 3
    assert runs.promised == {batch.id: len(batch.records) for batch in batches}
    assert all(batch.rules.key == ["n"] and batch.fetched_at == "2025-10-09T08:53:20.000Z" for batch in batches)


async def test_without_a_name_the_place_names_it() -> None:
    stage = Uploading(runs_with_ours())
    one, again, other = [(await stage.handle([delivery(upload(), offset)])).outputs[0] for offset in (7, 7, 8)]
    assert isinstance(one, RecordBatch) and isinstance(other, RecordBatch)
    assert one == again and one.run_id != other.run_id


async def test_ours_go_into_the_run_that_the_gateway_opened() -> None:
    stage = Uploading(runs_with_ours())
    handled = await stage.handle([delivery(upload(run_id=OURS, part=part), part) for part in range(2)])
    assert {(batch.run_id, batch.job_id) for batch in handled.outputs if isinstance(batch, RecordBatch)} == {
        (OURS, JOB)
    }
    assert len({batch.event_id() for batch in handled.outputs}) == 2


async def compared(
    stage: Uploading, offset: int, asked: TrendRules | None, run: str = "", **headers: str
) -> TrendRules:
    rules = CleanRules(key=["n"], trends=asked)
    (found,) = (await stage.handle([delivery(upload(rules=rules, run_id=run), offset, **headers)])).outputs
    assert isinstance(found, RecordBatch) and found.rules.key == ["n"]
    return found.rules.trends or TrendRules()


async def test_uploads_of_one_owner_are_compared_with_each_other_and_with_nobody_elses() -> None:
    runs, memory = runs_with_ours(), TrendRules(memory=True)
    nights = [digest("night", str(number)) for number in range(3)]
    for night, owner in zip(nights, ("anna", "anna", "otto"), strict=True):
        runs.known[night] = (digest(night, "job"), "shop", owner)
    stage = Uploading(runs)
    first, second, other = [(await compared(stage, 7, memory, run=night)) for night in nights]
    assert first == second and first.memory and first.memory_of
    assert first.whole_run == "", "nothing is gone of what an upload does not hold"
    told = [await compared(stage, 7, memory, ce_source=source, ce_id=one)
            for source, one in (("/a", "1"), ("/a", "2"), ("/b", "1"))]  # fmt: skip
    assert told[0] == told[1]
    assert len({rules.memory_of for rules in (first, other, told[0], told[2])}) == 4
    theirs = await compared(stage, 8, TrendRules(memory=True, memory_of=first.memory_of))
    assert theirs.memory_of not in ("", first.memory_of), "what a message says itself counts for nothing"
    assert await compared(stage, 9, None) == TrendRules()


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"dataset": "a b"}, "invalid_dataset"),
        ({"dataset": ""}, "invalid_dataset"),
        ({"records": []}, "empty_upload"),
        ({"run_id": JOB}, "unknown_run"),
        ({"run_id": "no id"}, "unknown_run"),
        ({"run_id": OURS, "dataset": "other"}, "unknown_run"),
        ({"run_id": OURS, "part": -1}, "unknown_run"),
    ],
)
async def test_what_cannot_be_used_is_a_dead_letter(changed: dict[str, Any], code: str) -> None:
    runs = runs_with_ours()
    handled = await Uploading(runs).handle([delivery(upload(**changed)), delivery(upload(), 8)])
    assert [reject.code for reject in handled.rejects] == [code]
    assert len(handled.outputs) == 1, "the stage goes on"


async def test_a_record_that_fits_into_no_message_is_a_letter_of_its_own() -> None:
    runs = runs_with_ours()
    large = upload(records=[{"n": 0}, {"n": 1, "text": "x" * MAX_BYTES}, {"n": 2}])
    handled = await Uploading(runs).handle([delivery(large, **NAMED)])
    (reject,) = handled.rejects
    assert (reject.code, reject.reason[:16]) == ("too_large", "Record 1 of shop")
    assert sum(runs.promised.values()) == 2


async def test_a_part_that_is_given_up_is_counted_as_failed() -> None:
    runs = runs_with_ours()
    await Uploading(runs).give_up(delivery(upload(run_id=OURS, part=4)), "It ended the worker.")
    assert runs.failed == [4]
