"""The project's own files, for the tests that read them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
ROOMS = ("schemas", "producers", "streams", "api", "dashboards", "cli", "infra", "demo")


@cache
def files() -> tuple[Path, ...]:
    """Every file that belongs to the project: tracked, or new and not ignored."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def relative(path: Path) -> str:
    """As people write it."""
    return path.relative_to(ROOT).as_posix()


def code() -> list[Path]:
    """The Python files of the rooms, without tests."""
    return [path for path in files() if path.suffix == ".py" and relative(path).split("/")[0] in ROOMS]
