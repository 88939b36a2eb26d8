"""Named SQL: the statements of a room live in one .sql file, each with a name and a sentence about itself.

    -- name: newest_run
    -- The run that stands for its job.
    select ...

They are handed out as bytes, which is what the driver takes for text that no user wrote.
"""

import re
from functools import cache
from importlib.resources import files

_BLOCK = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


class Queries:
    """The statements of one file, by name: `queries["newest_run"]`. LookupError for a name that is not there."""

    def __init__(self, room: str, script: str) -> None:
        self._room = room
        parts = _BLOCK.split(script)[1:]
        self._statements: dict[str, bytes] = {}
        for name, block in zip(parts[::2], parts[1::2], strict=True):
            if name in self._statements:
                raise LookupError(f"{room}.sql has two statements named {name!r}.")
            if not block.lstrip().startswith("--"):
                raise LookupError(f"{room}.sql: {name!r} has no sentence that says what it is for.")
            self._statements[name] = _bare(block)

    def __getitem__(self, name: str) -> bytes:
        try:
            return self._statements[name]
        except KeyError:
            raise LookupError(f"{self._room}.sql has no statement named {name!r}.") from None

    def names(self) -> list[str]:
        """All names, as they stand in the file."""
        return list(self._statements)


def _bare(block: str) -> bytes:
    lines = [line for line in block.splitlines() if not line.lstrip().startswith("--")]
    return "\n".join(lines).strip().rstrip(";").encode()


@cache
def queries(room: str) -> Queries:
    """The statements of `infra/postgres/queries/<room>.sql`."""
    return Queries(room, files("infra.postgres").joinpath("queries", f"{room}.sql").read_text())
