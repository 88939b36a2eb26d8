"""An event loop whose time passes by itself when nothing can happen before it: hours of politeness in milliseconds."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import pytest

T = TypeVar("T")
EPOCH = 1_800_000_000.0


class VirtualTime:
    """Stands for the module `time`. Epoch and monotonic clock begin apart, as in life."""

    def __init__(self) -> None:
        self.passed = 0.0

    def time(self) -> float:
        return EPOCH + self.passed

    def monotonic(self) -> float:
        return 1000.0 + self.passed


class _Selector(selectors.DefaultSelector):
    def __init__(self, clock: VirtualTime) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> Any:
        found = super().select(0)
        if not found and timeout is None:
            raise AssertionError("Nothing will ever happen: everybody waits for somebody else.")
        if not found and timeout:
            self._clock.passed += timeout
        return found


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self, clock: VirtualTime) -> None:
        self._virtual = clock
        super().__init__(_Selector(clock))

    def time(self) -> float:
        return self._virtual.monotonic()


Play = Callable[[Coroutine[Any, Any, T]], T]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> VirtualTime:
    """The time of everything in producers/fetch."""
    clock = VirtualTime()
    for module in ("host", "fleet", "robots", "runs"):
        monkeypatch.setattr(f"producers.fetch.{module}.time", clock)
    return clock


@pytest.fixture
def play(clock: VirtualTime) -> Play[Any]:
    """Runs a story to its end in a loop of virtual time."""

    def run(story: Coroutine[Any, Any, T]) -> T:
        with asyncio.Runner(loop_factory=lambda: _Loop(clock)) as runner:
            return runner.run(story)

    return run
