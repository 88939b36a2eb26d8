"""One message of each kind as it stands in its topic, for readers, for the generated documents and for tests.

Together they tell one story: an outsider asks for a shop's deals; the page is fetched, read and cleaned (one record has
no price, one is too dear for the job's filter); a price is found to have fallen; the run is completed.
"""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from schemas.topics import topics

VERSIONS = (1,)
"""Every version that was ever released; each has its examples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """`value` is JSON data, or in `dead-letters` the text of the original bytes; `headers` are text as on the wire."""

    topic: str
    version: int
    key: str
    headers: dict[str, str]
    value: Any

    @property
    def name(self) -> str:
        """`<topic>.v<version>`, the name of its file and of its schema."""
        return f"{self.topic}.v{self.version}"

    @property
    def wire(self) -> bytes:
        """The value as Kafka carries it."""
        return (self.value if isinstance(self.value, str) else json.dumps(self.value, ensure_ascii=False)).encode()


@cache
def examples() -> tuple[Example, ...]:
    """All of them, in the order of the topics. Raises FileNotFoundError for a topic without one."""
    folder = files("schemas").joinpath("examples")
    return tuple(
        Example(topic=topic, version=version, **json.loads(folder.joinpath(f"{topic}.v{version}.json").read_text()))
        for topic in topics()
        for version in VERSIONS
    )


@cache
def example(topic: str, version: int = 1) -> Example:
    """The example of one kind of message."""
    return next(found for found in examples() if (found.topic, found.version) == (topic, version))
