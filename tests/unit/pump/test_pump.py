"""The lossless step: what is published when, what becomes a dead letter, and what stops a stage."""

import time
from collections.abc import Sequence

import pytest

from infra.errors import Fenced, StoreRefused, StoreUnavailable
from infra.kafka import pump as pumps
from schemas.delivery import Delivery, Handled
from schemas.topics import SCRAPE_REQUESTS
from tests.unit.pump.line import Echo, Heed, Ledgered, Line, output, request


class Counted:
    """Remembers what was counted."""

    def __init__(self) -> None:
        self.steps: list[tuple[int, int, int, int]] = []

    def seen(self, messages: int, records: int, rejects: int, outputs: int, seconds: float) -> None:
        self.steps.append((messages, records, rejects, outputs))


def quiet(run: str) -> None:
    """A message like any other."""


def raises(*names: str, error: type[Exception] = ValueError) -> Heed:
    def heed(run: str) -> None:
        if run in names:
            raise error(run)

    return heed


async def test_outputs_come_in_order_and_everything_is_settled() -> None:
    line = Line([request(name) for name in "abcdef"], lambda: Echo(quiet))
    await line.work()
    assert line.outlet.sent == list("abcdef") and line.committed == 6 and not line.outlet.letters


async def test_what_is_no_event_becomes_a_letter_and_the_rest_goes_on() -> None:
    values = [request("a"), b"{", b'{"version": 99}', b'{"version": 1, "run_id": 7}', b"", request("b")]
    line = Line(values, lambda: Echo(quiet))
    await line.work()
    assert line.outlet.sent == ["a", "b"] and line.committed == 6
    assert [letter.code for letter in line.outlet.letters] == ["malformed", "unknown_version", "invalid", "empty"]
    assert [letter.value for letter in line.outlet.letters] == values[1:5]
    assert [letter.message.offset for letter in line.outlet.letters] == [1, 2, 3, 4]
    assert "run_id" in line.outlet.letters[2].reason


async def test_a_message_that_makes_the_stage_raise_is_a_letter_alone() -> None:
    line = Line([request(name) for name in "abcd"], lambda: Echo(raises("b", "d")))
    await line.work()
    assert sorted(line.outlet.sent) == ["a", "c"] and line.committed == 4
    assert [(letter.code, letter.message.offset) for letter in line.outlet.letters] == [
        ("handler_failed", 1),
        ("handler_failed", 3),
    ]


class Unhurried(Echo):
    """Comes to two messages a time."""

    async def handle(self, batch: Sequence[Delivery]) -> Handled:
        handled = await super().handle(batch[:2])
        return Handled(handled.outputs, handled.rejects, list(batch[2:]))


async def test_what_a_stage_did_not_come_to_is_its_next_portion_once_the_first_is_published() -> None:
    published: list[list[str]] = []
    stages: list[Unhurried] = []

    def made() -> Unhurried:
        stages.append(Unhurried(lambda run: published.append(list(line.outlet.sent))))
        return stages[-1]

    line = Line([request(name) for name in "abcde"], made)
    await line.work()
    assert [batch for it in stages for batch in it.batches] == [["a", "b"], ["c", "d"], ["e"]]
    assert published == [[], [], ["a", "b"], ["a", "b"], ["a", "b", "c", "d"]]
    assert line.outlet.sent == list("abcde") and line.committed == 5


class Closing(Echo):
    """Closes what is behind a message that is given up."""

    async def give_up(self, delivery: Delivery, reason: str) -> Handled:
        return Handled([output(f"closed {delivery.event.run_id}")])


class Hopeless(Echo):
    """Cannot even do that."""

    async def give_up(self, delivery: Delivery, reason: str) -> Handled:
        raise ValueError(reason)


async def test_a_stage_closes_what_a_letter_leaves_open() -> None:
    line = Line([request(name) for name in "ab"], lambda: Closing(raises("b")))
    await line.work()
    assert line.outlet.sent == ["a", "closed b"] and len(line.outlet.letters) == 1


async def test_a_stage_that_cannot_close_it_goes_on_all_the_same() -> None:
    line = Line([request(name) for name in "abc"], lambda: Hopeless(raises("b")))
    await line.work()
    assert line.outlet.sent == ["a", "c"] and len(line.outlet.letters) == 1 and line.committed == 3


async def test_an_output_that_cannot_be_published_is_its_messages_fault_alone() -> None:
    def refuse(run: str) -> None:
        if run == "c":
            raise StoreRefused("over the limit")

    line = Line([request(name) for name in "abcd"], lambda: Echo(quiet))
    line.outlet.refuse = refuse
    await line.work()
    assert set(line.outlet.sent) == {"a", "b", "d"}
    assert [letter.message.offset for letter in line.outlet.letters] == [2]


@pytest.mark.parametrize("error", [StoreUnavailable, Fenced])
async def test_infrastructure_ends_the_worker_and_nothing_is_acknowledged(error: type[Exception]) -> None:
    line = Line([request(name) for name in "abcd"], lambda: Echo(raises("c", error=error)))
    with pytest.raises(error):
        await line.work()
    assert line.committed == 0 and not line.outlet.letters and not line.outlet.sent


async def test_an_unavailable_broker_ends_the_worker_too() -> None:
    def refuse(run: str) -> None:
        raise StoreUnavailable("away")

    line = Line([request("a")], lambda: Echo(quiet))
    line.outlet.refuse = refuse
    with pytest.raises(StoreUnavailable):
        await line.work()
    assert line.committed == 0 and not line.outlet.letters


async def test_who_was_away_for_long_publishes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr("infra.kafka.pump.time.monotonic", lambda: now[0])

    def sleeps(run: str) -> None:
        now[0] += pumps.STALE_AFTER_S + 1

    line = Line([request("a")], lambda: Echo(sleeps))
    pump = pumps.Pump("echo", line.stage(), line.outlet, line.suspects, Counted())
    with pytest.raises(Fenced):
        await pump.step([line.message(0)], polled_at=now[0])
    assert not line.outlet.sent


async def test_a_stage_with_a_ledger_sees_every_offset_and_settles_itself() -> None:
    stages: list[Ledgered] = []

    def stage() -> Ledgered:
        stages.append(Ledgered(quiet, lag=3))
        return stages[-1]

    line = Line([request("a"), b"{", request("b"), request("c")], stage)
    await line.work()
    assert stages[0].seen == [0, 1, 2, 3] and line.committed == 1
    assert line.pump is not None
    assert await line.pump.step([], 0.0) == {(SCRAPE_REQUESTS, 0): 4}, "what was late is settled when nothing comes"


async def test_a_stage_with_a_memory_that_raises_ends_its_worker() -> None:
    line = Line([request(name) for name in "ab"], lambda: Ledgered(raises("b")))
    with pytest.raises(ValueError, match="b"):
        await line.work()
    assert line.committed == 0 and not line.outlet.letters


async def test_a_step_is_counted() -> None:
    line = Line([request("a"), b"{"], lambda: Echo(quiet))
    meter = Counted()
    pump = pumps.Pump("echo", line.stage(), line.outlet, line.suspects, meter)
    await pump.step([line.message(0), line.message(1)], time.monotonic())
    assert meter.steps == [(2, 0, 1, 1)]
