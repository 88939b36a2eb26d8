"""Dead letters fit into a message, whatever an outsider has sent."""

from typing import Any

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from infra.errors import StoreRefused
from infra.kafka.letters import letter
from infra.kafka.publisher import MAX_MESSAGE
from schemas.delivery import Delivery, Handled, Reject
from schemas.message import Message
from tests.unit.pump.line import Echo, Killed, Ledgered, Line, output, request


def written(value: bytes, reason: str = "no JSON", run: str = "") -> tuple[str, bytes, dict[str, bytes], int]:
    """A letter, and its size as the producer measures it."""
    message = Message("scrape-requests", 3, 41, None, value)
    key, kept, headers = letter("intake", "intake", Reject.of(message, "malformed", reason, run), "now", MAX_MESSAGE)
    size = DefaultRecordBatchBuilder.estimate_size_in_bytes(key.encode(), kept, headers)
    return key, kept, dict(headers), size


@pytest.mark.parametrize("size", [MAX_MESSAGE - 100, MAX_MESSAGE, MAX_MESSAGE + 65_000, 9_000_000])
def test_what_is_too_large_is_cut_and_says_so(size: int) -> None:
    value = b"[" * size
    _, kept, headers, whole = written(value, reason="\U0001f578" * 3000, run="r" * 100_000)
    assert whole <= MAX_MESSAGE and value.startswith(kept) and len(kept) > MAX_MESSAGE * 0.95
    assert headers["trawl_cut"] == str(size).encode()
    assert (headers["trawl_offset"], headers["trawl_code"]) == (b"41", b"malformed")


def test_what_fits_is_whole() -> None:
    _, kept, headers, _ = written(b"\0\xff{")
    assert kept == b"\0\xff{" and "trawl_cut" not in headers


@pytest.mark.parametrize("shift", range(4))
def test_a_cut_tears_no_character(shift: int) -> None:
    _, kept, _, _ = written(b"x" * shift + "\U0001f578".encode() * 600_000)
    assert kept.decode().endswith("\U0001f578")


class ClosesTooLarge(Echo):
    """What would close it cannot be published."""

    async def give_up(self, delivery: Delivery, reason: str) -> Handled:
        return Handled([output("too large")])


@pytest.mark.parametrize("kills", [False, True])
async def test_who_cannot_be_closed_is_a_letter_and_the_stage_goes_on(kills: bool) -> None:
    def heed(run: str) -> None:
        if run == "b":
            raise Killed if kills else ValueError(run)

    def refuse(name: str) -> None:
        if name == "too large":
            raise StoreRefused("over the limit")

    line = Line([request(name) for name in "abc"], lambda: ClosesTooLarge(heed))
    line.outlet.refuse = refuse
    await line.work_until_done()
    assert line.committed == 3 and set(line.outlet.sent) == {"a", "c"}
    assert [(found.message.offset, found.run_id) for found in line.outlet.letters] == [(1, "b")]


async def test_who_kills_even_when_given_up_is_a_letter_at_the_next_try() -> None:
    class Deadly(Echo):
        async def give_up(self, delivery: Delivery, reason: str) -> Any:
            raise Killed

    def heed(run: str) -> None:
        if run == "b":
            raise Killed

    line = Line([request(name) for name in "abc"], lambda: Deadly(heed))
    assert await line.work_until_done() == 5
    assert line.committed == 3 and [found.message.offset for found in line.outlet.letters] == [1]


async def test_a_stage_with_a_ledger_accounts_for_what_is_given_up_and_sees_its_offset() -> None:
    closed: list[str] = []

    class Accounting(Ledgered):
        async def give_up(self, delivery: Delivery, reason: str) -> Handled:
            closed.append(delivery.event.run_id)
            return await self.handle([Delivery(delivery.message, None)])

    def heed(run: str) -> None:
        if run == "b":
            raise Killed

    line = Line([request(name) for name in "abc"], lambda: Accounting(heed))
    await line.work_until_done()
    assert closed == ["b"] and line.committed == 3
    assert [found.message.offset for found in line.outlet.letters] == [1]
