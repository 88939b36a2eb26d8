"""The check of rules that whoever takes jobs in is handed: the room that extracts makes it, these do without it."""

from collections.abc import Callable, Sequence
from typing import Protocol

from schemas.job import Extract


class RuleProblem(Protocol):
    """A rule that cannot be used: where it stands within `extract`, and what to change."""

    @property
    def place(self) -> str: ...
    @property
    def reason(self) -> str: ...


RuleCheck = Callable[[Extract], Sequence[RuleProblem]]
"""Every rule that cannot be used; blocks while it tries them."""
