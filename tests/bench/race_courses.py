"""What is raced over: a site, where it begins, what ours is asked to do there, and whether every row came out right."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from tests.acceptance.system import System

SWIFT = {"max_depth": 1000, "max_pages": 10_000, "delay": 0, "concurrency": 64, "adaptive": False}
"""The peers' own settings: 64 at once, no pause."""


class Course(ABC):
    """A site as a process, and the truth about it."""

    starts: list[str]
    options: tuple[str, ...] = ()
    """What a peer is told beside where to begin."""

    promised: Mapping[str, float]
    """How many times a peer's pages per second ours should be."""

    pages: int
    """How many a right crawl has fetched."""

    @property
    def allow(self) -> str:
        """The hosts, for TRAWL_FETCH_ALLOW."""
        return ",".join(start.removeprefix("http://").partition("/")[0] for start in self.starts)

    def reset(self) -> None:
        """Before each crawl."""
        return None

    @abstractmethod
    def job(self, number: int) -> dict[str, Any]:
        """The description of the crawl with this number."""

    @abstractmethod
    def check(self, system: System, job: Mapping[str, Any]) -> None:
        """AssertionError where a row is wrong, missing or too many."""
