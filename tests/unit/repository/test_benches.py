"""A bench whose promise is broken ends with another exit code than one that holds."""

from collections import Counter
from dataclasses import replace

import pytest

from schemas import codec
from schemas.errors import CodecError
from tests.bench import detector
from tests.bench.chaos import Found, Unreadable, published
from tests.bench.second import holds
from tests.bench.streams_of_noise import Bursts, Silence


@pytest.mark.parametrize(("within", "precision", "code"), [(True, 0.99, 0), (False, 0.99, 1), (True, 0.9, 1)])
def test_a_broken_budget_of_alarms_is_no_success(
    monkeypatch: pytest.MonkeyPatch, within: bool, precision: float, code: int
) -> None:
    monkeypatch.setattr(detector, "silence", lambda *_: Silence(0.5, 900.0, within))
    monkeypatch.setattr(detector, "bursts", lambda surprise: Bursts(1.0, 0.8, 0.0, precision))
    for slow in ("_prices", "_slopes", "_cost"):
        monkeypatch.setattr(detector, slow, lambda table: None)
    assert detector.run([]) == code


def test_a_second_worker_must_help() -> None:
    assert holds(60.0, 36.0) and not holds(60.0, 37.0)


def test_the_storm_has_every_kind_of_poison_and_misses_none() -> None:
    given = published("chaos")
    kinds = Counter[str]()
    for message in given.messages:
        if isinstance(message, Unreadable):
            with pytest.raises(CodecError) as problem:
                codec.decode(message.topic, message.value)
            kinds[f"{message.topic} {problem.value.code}"] += 1
            assert given.run.encode() in message.value
    assert len(kinds) == 4 and sum(kinds.values()) == given.unreadable and given.poison
    calm = Found(given.good, given.good, given.poison, given.poison, given.unreadable, [("t",)], 1.0)
    assert calm.holds(given, calm)
    for name in ("rows", "distinct", "letters", "distinct_letters", "unreadable"):
        assert not replace(calm, **{name: getattr(calm, name) - 1}).holds(given, calm)
    assert not replace(calm, trends=[]).holds(given, calm)
