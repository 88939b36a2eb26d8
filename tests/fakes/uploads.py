"""Runs of uploads in memory."""

from schemas.uploads import Part, Taken


class MemoryUploads:
    """Counts parts as PostgreSQL does."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, str, str]] = {}
        self.parts: dict[tuple[str, int], str] = {}
        self.promised: dict[str, int] = {}
        self.failed: list[int] = []

    async def take(self, part: Part, *, failed: bool = False) -> Taken:
        if part.source:
            self.known.setdefault(part.run_id, (part.job_id, part.dataset, "kafka"))
        if part.run_id not in self.known:
            return "unknown"
        first = self.parts.setdefault((part.run_id, part.number), part.place)
        if first != part.place:
            return "repeated"
        self.promised.update(part.batches)
        self.failed += [part.number] if failed else []
        return "taken"

    async def job_of(self, run_id: str) -> tuple[str, str, str] | None:
        return self.known.get(run_id)
