"""A message that ends its worker is a dead letter at the third try, and nobody else is blamed."""

import contextlib
from collections import Counter
from collections.abc import Awaitable
from time import monotonic

import pytest

from infra.errors import StoreUnavailable
from infra.kafka.pump import Pump
from schemas.message import Message
from schemas.topics import SCRAPE_REQUESTS
from tests.fakes.warehouse import NoMeter
from tests.unit.pump.line import Echo, Heed, Killed, Ledgered, Line, request


class Tries:
    """Counts how often each message was tried, and kills whoever handles a killer."""

    def __init__(self, *killers: str) -> None:
        self._killers = killers
        self.of: Counter[str] = Counter()

    def __call__(self, run: str) -> Awaitable[None] | None:
        self.of[run] += 1
        if run in self._killers:
            raise Killed
        return None


def line(names: str, heed: Heed, *, ledger: bool = False, batch: int = 4, lag: int = 0) -> Line:
    return Line([request(name) for name in names], lambda: Ledgered(heed, lag) if ledger else Echo(heed), batch=batch)


@pytest.mark.parametrize("ledger", [False, True])
@pytest.mark.parametrize("killer", list("abcdefgh"))
async def test_a_killer_is_a_letter_after_three_tries_and_nobody_else_is(killer: str, ledger: bool) -> None:
    tries = Tries(killer)
    played = line("abcdefgh", tries, ledger=ledger)
    await played.work_until_done()
    assert [letter.message.offset for letter in played.outlet.letters] == ["abcdefgh".index(killer)]
    assert played.outlet.letters[0].code == "killed_worker"
    assert tries.of[killer] == 3
    assert set(played.outlet.sent) == set("abcdefgh") - {killer}
    assert played.committed == 8


async def test_two_killers_are_both_found() -> None:
    tries = Tries("b", "g")
    played = line("abcdefgh", tries)
    await played.work_until_done()
    assert {letter.message.offset for letter in played.outlet.letters} == {1, 6}
    assert tries.of["b"] == 3 and tries.of["g"] <= 3


async def test_a_killer_far_behind_the_commit_is_found_too() -> None:
    """Faust commits once a second: a worker that dies sooner would meet it behind the same messages for ever."""
    names = "".join(chr(0x4E00 + number) for number in range(400))
    tries = Tries(names[350])
    played = line(names, tries, batch=64)
    played.commits_at_once = False
    await played.work_until_done()
    assert [letter.message.offset for letter in played.outlet.letters] == [350]
    assert len(set(played.outlet.sent)) == 399


async def test_a_killer_behind_a_lagging_snapshot_is_found_too() -> None:
    names = "".join(chr(0x4E00 + number) for number in range(400))
    played = line(names, Tries(names[350]), ledger=True, batch=64, lag=150)
    played.commits_at_once = False
    await played.work_until_done(40)
    assert [letter.message.offset for letter in played.outlet.letters] == [350]


async def test_a_crash_without_a_killer_blames_nobody() -> None:
    killed = iter([True, True, False])

    def power_failure(run: str) -> None:
        if run == "c" and next(killed, False):
            raise Killed

    played = line("abcd", power_failure)
    assert await played.work_until_done() == 3
    assert not played.outlet.letters and set(played.outlet.sent) == set("abcd")


async def test_who_was_tried_last_elsewhere_is_not_to_blame() -> None:
    """Two partitions, taken turn about: while one has a killer, the other's messages come and pass."""
    played, tries = line("", Tries()), Tries("k")
    for _ in range(6):
        pump = Pump("echo", Echo(tries), played.outlet, played.suspects, NoMeter())
        await pump.assigned(SCRAPE_REQUESTS, {0, 1})
        with contextlib.suppress(Killed):
            batch = [("a", 0, 0), ("x", 1, 0), ("k", 0, 1), ("y", 1, 1), ("b", 0, 2)]
            await pump.step([Message(SCRAPE_REQUESTS, n, offset, None, request(run)) for run, n, offset in batch],
                            monotonic())  # fmt: skip
            break
    assert [(letter.message.partition, letter.message.offset) for letter in played.outlet.letters] == [(0, 1)]
    assert tries.of["k"] == 3


async def test_who_passed_alone_is_not_to_blame_for_who_comes_together() -> None:
    """One partition is suspected, another is not: the killer of the other is its own."""
    played, tries = line("", Tries()), Tries("k")
    await played.suspects.begin(SCRAPE_REQUESTS, 0, -1, "batch")  # somebody ended over partition 0
    for _ in range(6):
        pump = Pump("echo", Echo(tries), played.outlet, played.suspects, NoMeter())
        await pump.assigned(SCRAPE_REQUESTS, {0, 1})
        with contextlib.suppress(Killed):
            batch = [("a", 0, 0), ("k", 1, 0)]
            await pump.step([Message(SCRAPE_REQUESTS, n, offset, None, request(run)) for run, n, offset in batch],
                            monotonic())  # fmt: skip
            break
    assert [(letter.message.partition, letter.message.offset) for letter in played.outlet.letters] == [(1, 0)]


async def test_a_farewell_leaves_no_suspicion() -> None:
    stages: list[Echo] = []

    def stage() -> Echo:
        stages.append(Echo(lambda run: None))
        return stages[-1]

    played = Line([request(name) for name in "abcdefgh"], stage)
    await played.work()
    played.committed = 0
    await played.work()
    assert stages[1].batches == [list("abcd"), list("efgh")], "the second worker has no reason to be careful"


async def test_an_outage_is_nobodys_fault() -> None:
    """The worker gives up after a while, again and again: the message that was waiting is not a killer."""
    outages = iter(range(10))

    def away(run: str) -> None:
        if run == "b" and next(outages, None) is not None:
            raise StoreUnavailable("away")

    played = line("abcd", away)
    for _ in range(10):
        with pytest.raises(StoreUnavailable):
            await played.work()
    await played.work()
    assert not played.outlet.letters and set(played.outlet.sent) >= set("abcd")
