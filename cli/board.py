"""What `up` shows while it starts and stops: one line for each engine and process, and what it waits for."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.live import Live
from rich.table import Table
from rich.text import Text

from cli.tables import printable

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

_LOOKS = {
    "waiting": ("·", "dim"),
    "starting": ("…", "cyan"),
    "ready": ("✓", "green"),
    "crashed": ("!", "yellow"),
    "down": ("✗", "red"),
    "stopping": ("…", "cyan"),
    "stopped": ("–", "dim"),
}
_WORTH_A_LINE = frozenset({"ready", "crashed", "down", "stopped"})
_BAR = 30
_LONGEST = 200


class Board:
    """A live table on a terminal; elsewhere a line for each change that matters.

    `tell` and `downloading` may be called from any thread. Between `start` and `stop` it draws; otherwise each change
    is printed, so that a crash an hour later is said too.
    """

    def __init__(self, console: "Console", clock: Callable[[], float] = time.monotonic) -> None:
        self._console = console
        self._clock = clock
        self._units: dict[str, tuple[str, str]] = {}
        self._since: dict[str, float] = {}
        self._download: tuple[int, int] | None = None
        self._note = ""
        self._live: Live | None = None

    def start(self) -> None:
        """Begins to draw, on a terminal."""
        if self._console.is_terminal and self._live is None:
            self._live = Live(self, console=self._console, refresh_per_second=12)
            self._live.start()

    def stop(self) -> None:
        """Leaves what was drawn where it is; the terminal is free for others."""
        if self._live:
            self._live.stop()
            self._live = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def tell(self, name: str, state: str, text: str = "") -> None:
        """A unit's new state, and why or what it waits for."""
        if state == "starting":
            self._since[name] = self._clock()
        if state == "ready":
            text = f"{self._clock() - self._since.get(name, self._clock()):.1f} s{f' · {text}' if text else ''}"
        self._units[name] = (state, text)
        if self._live is None and state in _WORTH_A_LINE:
            self._print(self._line(name))

    def note(self, text: str) -> None:
        """What is being done between the units, such as laying tables."""
        self._note = text
        if self._live is None and text:
            self._print(Text(f"  … {text}", "cyan"))

    def downloading(self, done: int, total: int) -> None:
        """Bytes of the broker's jars that have arrived, of all."""
        if self._live is None and self._download is None:
            self._print(Text(f"  … downloading the broker, {total / 1e6:.0f} MB, once", "cyan"))
        self._download = (done, total)

    def _print(self, line: Text) -> None:
        """One line is one line: why something crashed can be long, and all of it is in the log and the status."""
        width = self._console.width if self._console.is_terminal else _LONGEST
        line.truncate(width, overflow="ellipsis")
        self._console.print(line, soft_wrap=True)

    def _line(self, name: str) -> Text:
        state, text = self._units[name]
        text = printable(" ".join(text.split()))
        sign, style = _LOOKS.get(state, ("?", ""))
        return Text.assemble(("  " + sign, style), f" {name:<12} ", (f"{state:<9}", style), (text, "dim"))

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        lines = Table.grid()
        lines.add_column(no_wrap=True, overflow="ellipsis")
        for name in self._units:
            lines.add_row(self._line(name))
        if self._download and self._download[0] < self._download[1]:
            done, total = self._download
            filled = _BAR * done // max(1, total)
            bar = "━" * filled + " " * (_BAR - filled)
            lines.add_row(Text(f"  … the broker, once {bar} {done / 1e6:.0f} of {total / 1e6:.0f} MB", "cyan"))
        elif self._note:
            lines.add_row(Text(f"  … {self._note}", "cyan"))
        yield lines
