"""The tasks that wait at one host, in the order in which they came, and those among them that something holds up."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import TypeAlias

from schemas.events import FetchTask

Key: TypeAlias = tuple[str, str]


class WaitingLine:
    """A line in which tasks can be put aside for a reason (their run is paused, their robots.txt is being read) and
    come back to its head when the reason is gone. Bounded by whoever gives credit to hosts."""

    def __init__(self) -> None:
        self._line: OrderedDict[Key, FetchTask] = OrderedDict()
        self._aside: dict[str, OrderedDict[Key, FetchTask]] = {}

    def __len__(self) -> int:
        if not self._aside:
            return len(self._line)
        return len(self._line) + sum(len(aside) for aside in self._aside.values())

    def __iter__(self) -> Iterator[FetchTask]:
        """All of them, those put aside last."""
        yield from self._line.values()
        for aside in self._aside.values():
            yield from aside.values()

    @property
    def head(self) -> FetchTask | None:
        """The next one that nothing holds up."""
        return next(iter(self._line.values()), None)

    @property
    def line(self) -> list[FetchTask]:
        """Those that nothing holds up."""
        return list(self._line.values())

    def take(self, task: FetchTask) -> None:
        """A later attempt at the same row takes the earlier one's place."""
        key = (task.run_id, task.url_fp)
        for aside in self._aside.values():
            if key in aside:
                aside[key] = task
                return
        self._line[key] = task

    def remove(self, task: FetchTask) -> None:
        """It is visited or answered now; it must be in the line."""
        del self._line[task.run_id, task.url_fp]

    def put_aside(self, task: FetchTask, reason: str) -> None:
        """It does not hold up those behind it."""
        key = (task.run_id, task.url_fp)
        self._aside.setdefault(reason, OrderedDict())[key] = self._line.pop(key)

    def bring_back(self, reason: str) -> None:
        """To the head of the line, in their order."""
        for key, task in reversed(self._aside.pop(reason, {}).items()):
            self._line[key] = task
            self._line.move_to_end(key, last=False)

    def find(self, task: FetchTask) -> FetchTask | None:
        """The newest attempt at the same row, if it is in the line."""
        return self._line.get((task.run_id, task.url_fp))

    def leave(self, reason: str) -> list[FetchTask]:
        """Takes out those that were put aside for a reason."""
        return list(self._aside.pop(reason, {}).values())

    def settle(self, key: Key, tries: int) -> None:
        """A try at that row was made: whatever asks for the same try again goes."""
        for tasks in (self._line, *self._aside.values()):
            if key in tasks and tasks[key].tries <= tries:
                del tasks[key]

    @property
    def reasons(self) -> list[str]:
        """Why some are put aside."""
        return list(self._aside)

    def drop_runs(self, runs: set[str]) -> None:
        """Nobody wants them any more."""
        for tasks in (self._line, *self._aside.values()):
            for key in [key for key in tasks if key[0] in runs]:
                del tasks[key]

    def clear(self) -> None:
        """All of them."""
        self._line.clear()
        self._aside.clear()
