"""The stage around the cleaner."""

import msgspec
import pytest

from infra.kafka.pump import STALE_AFTER_S, Pump
from schemas.delivery import Delivery
from schemas.events import RecordBatch
from schemas.events.records import CleanRules, FieldRule
from schemas.ids import rejected_record_id
from schemas.message import Message
from schemas.stages import Stage
from streams.cleaning import stage as stage_module
from streams.cleaning.cleaner import Cleaned, clean
from streams.cleaning.limits import MAX_BYTES, fitted
from streams.cleaning.stage import Cleaning
from tests.fakes.warehouse import MemorySuspects, NoMeter
from tests.unit.cleaning.batches import raw
from tests.unit.pump.line import Outlet

RULES = CleanRules(fields={"sku": FieldRule(required=True), "price": FieldRule(type="price")})


def delivery(batch: RecordBatch, offset: int) -> Delivery:
    value = msgspec.json.encode(batch)
    return Delivery(Message("raw-records", 2, offset, batch.dataset.encode(), value), batch)


async def test_one_clean_batch_for_each_raw_one_and_a_letter_for_each_reject() -> None:
    stage: Stage = Cleaning()
    batches = [
        delivery(raw([{"sku": "a", "price": "?"}, {"price": "£1"}], RULES), 7),
        delivery(raw([], RULES), 8),
        delivery(raw([{"x": 1}], RULES), 9),
    ]
    handled = await stage.handle(batches)
    assert [len(batch.records) for batch in handled.outputs] == [1, 0, 0]  # type: ignore[attr-defined]
    assert [letter.id for letter in handled.rejects] == [
        rejected_record_id(batches[0].event.id, 1),
        rejected_record_id(batches[2].event.id, 0),
    ]
    first = handled.rejects[0]
    assert (first.code, first.run_id) == ("missing_required", "run")
    assert first.reason.startswith("Record 1 of http://shop.example/list/: sku")
    assert msgspec.json.decode(first.value) == {"price": "£1"}
    assert first.message is batches[0].message


async def test_redelivery_changes_nothing() -> None:
    batch = delivery(raw([{"sku": "a"}, {}], RULES), 1)
    assert await Cleaning().handle([batch]) == await Cleaning().handle([batch])


async def test_a_backlog_of_slow_batches_is_published_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of it in one portion would take longer than a worker may be away."""
    now, slow = [1000.0], 0.6

    def slowly(batch: RecordBatch) -> Cleaned:
        now[0] += slow
        return clean(batch)

    monkeypatch.setattr("infra.kafka.pump.time.monotonic", lambda: now[0])
    monkeypatch.setattr(stage_module, "clean", slowly)
    batches = [delivery(raw([{"sku": "a"}], RULES, id=f"b{number}"), number) for number in range(128)]
    assert slow * len(batches) > STALE_AFTER_S
    outlet = Outlet()
    pump = Pump("cleaning", Cleaning(), outlet, MemorySuspects(), NoMeter())
    settled = await pump.step([each.message for each in batches], now[0])
    assert outlet.sent == [each.event.id for each in batches] and settled == {("raw-records", 2): 128}


async def test_unreadable_values_are_counted_for_metrics() -> None:
    counted: list[int] = []
    record = {"sku": "a", "price": "?", "weight": float("nan")}
    await Cleaning(counted.append).handle([delivery(raw([record, {"sku": "b"}], RULES), 1)] * 2)
    assert counted == [2, 2]


async def test_a_batch_that_is_given_up_is_accounted_for_as_rejected() -> None:
    batch = raw([{"sku": "a", "price": "1"}, {}], RULES)
    (handled,) = (await Cleaning().handle([delivery(batch, 1)])).outputs
    given_up = await Cleaning().give_up(delivery(batch, 1), "it killed three workers")
    (twin,) = given_up.outputs
    assert twin == msgspec.structs.replace(handled, rejected=2, records=[], numeric={})
    assert given_up.rejects == [], "the pump has written the whole batch as a letter"


def test_a_batch_that_grew_too_large_gives_up_its_largest_records() -> None:
    rules = CleanRules(fields={"u": FieldRule(type="url")}, key=["k"])
    small = [{"u": str(number), "k": str(number)} for number in range(300)]
    large = [{"u": "x", "text": "y" * 300_000} for _ in range(2)]
    batch = raw([*small[:150], *large, *small[150:]], rules, url=f"http://shop.example/{'z' * 1900}/")
    made = clean(batch)
    assert len(msgspec.json.encode(made.batch)) > MAX_BYTES
    smaller = fitted(made, batch)
    assert len(msgspec.json.encode(smaller.batch)) <= MAX_BYTES
    assert smaller.batch.counted_in == len(smaller.batch.records) + smaller.batch.rejected == 302
    assert [(reject.index, reject.code) for reject in smaller.rejects] in ([(150, "too_large")], [(151, "too_large")])
    assert smaller.rejects[0].record == large[0]
    assert fitted(smaller, batch) is smaller
