"""The disk that the local engines write to."""

import shutil
from pathlib import Path


class Disk:
    """Asks for the free space of a folder's disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def free_bytes(self) -> int | None:
        """Bytes that may still be written; None where there is no such folder (the engines are elsewhere)."""
        try:
            return shutil.disk_usage(self._folder).free
        except OSError:
            return None
