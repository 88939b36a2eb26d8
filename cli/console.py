"""Where the commands write: results to standard output, everything about how it goes to standard error."""

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


@cache
def out() -> "Console":
    """Results: what a pipe should carry."""
    from rich.console import Console

    return Console(highlight=False)


@cache
def err() -> "Console":
    """Progress, notes and errors: what a person should see even when the result goes into a file."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
