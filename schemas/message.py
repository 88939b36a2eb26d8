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

    @property
    def told_by(self) -> tuple[str, str]:
        """An outsider's event by its CloudEvents source and id; without those by its place. With its time a place is
        not the same place in a topic that was recreated."""
        source, event = self.header("ce_source"), self.header("ce_id")
        if source and event:
            return source, event
        return f"kafka:{self.topic}", f"{self.partition}:{self.offset}:{self.timestamp}"
