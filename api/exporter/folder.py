"""Where a file is written while it is made: beside everything, so that nobody sees it before it is whole."""

import shutil
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

_PREFIX = "making-"


def unnamed(folder: Path) -> BinaryIO:
    """A file that nobody else can open and that is gone with its process."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return tempfile.TemporaryFile(dir=folder)


def named(folder: Path) -> "tempfile.TemporaryDirectory[str]":
    """A folder for a library that opens its files by name. What a killed process leaves there, `sweep` removes."""
    return tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder, ignore_cleanup_errors=True)


def sweep(folder: Path, older: float) -> int:
    """Removes folders of makers that ended without a word more than `older` seconds ago; how many."""
    before = time.time() - older
    left = [one for one in folder.glob(f"{_PREFIX}*") if one.is_dir() and one.stat().st_mtime < before]
    for one in left:
        shutil.rmtree(one, ignore_errors=True)
    return len(left)
