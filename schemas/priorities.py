"""How much of a host's visits a run gets among its owner's runs: as people say it, and as it is counted."""

from typing import Literal

Priority = Literal["low", "normal", "high"]
RANKS: dict[Priority, int] = {"low": -1, "normal": 0, "high": 1}
"""What a run's row calls the three words."""
