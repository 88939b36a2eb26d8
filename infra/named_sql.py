"""Named SQL: the statements of a room live in one .sql file, each with a name and a sentence about itself.

-- name: newest_run
-- The run that stands for its job.
select ...
"""

import re
from importlib.resources import files

_BLOCK = re.compile(r"^-- name: *(\w+) *$", re.MULTILINE)


def statements(store: str, room: str) -> dict[str, str]:
    """Those of `infra/<store>/queries/<room>.sql`, by name. LookupError for a file that names one twice, or one about
    which it says nothing."""
    script = files(f"infra.{store}").joinpath("queries", f"{room}.sql").read_text()
    parts = _BLOCK.split(script)[1:]
    found: dict[str, str] = {}
    for name, block in zip(parts[::2], parts[1::2], strict=True):
        if name in found:
            raise LookupError(f"{room}.sql has two statements named {name!r}.")
        if not block.lstrip().startswith("--"):
            raise LookupError(f"{room}.sql: {name!r} has no sentence that says what it is for.")
        found[name] = _bare(block)
    return found


def _bare(block: str) -> str:
    lines = [line for line in block.splitlines() if not line.lstrip().startswith("--")]
    return "\n".join(lines).strip().rstrip(";")
