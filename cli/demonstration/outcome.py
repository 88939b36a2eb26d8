"""What a demonstration comes to."""

from dataclasses import dataclass
from typing import Any

from cli.demonstration.figures import Figures
from cli.demonstration.verdict import Verdict


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a demonstration showed; `wrong` holds a sentence for each sum that does not close."""

    figures: Figures
    verdict: Verdict
    wrong: tuple[str, ...]
    sample: list[dict[str, Any]]

    @property
    def holds(self) -> bool:
        """Whether everything is as promised."""
        return not self.wrong and self.verdict.holds
