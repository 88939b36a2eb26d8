"""A Kafka message as every room sees it, without Kafka."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """What was read: raw bytes and where they stood. `headers` keeps repeats; `timestamp` is epoch milliseconds."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    timestamp: int = 0

    def header(self, name: str) -> str:
        """The first header of that name, or an empty string."""
        return next((value.decode("utf-8", "replace") for key, value in self.headers if key == name), "")
