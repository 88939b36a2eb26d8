"""The file with the keys that seal: the current one on its first line, older ones below until nothing needs them."""

import secrets
from pathlib import Path

from infra.errors import NotConfigured
from infra.local.private_files import replace_file

_BYTES = 32


class SealKeys:
    """Processes read the file again by themselves (infra/sealing.py); it is never seen half-written."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def all(self) -> list[str]:
        """NotConfigured where there is no file."""
        try:
            return self.path.read_text().replace(",", " ").split()
        except OSError as problem:
            raise NotConfigured(f"No key in {self.path}; start `trawl up` once on this data folder.") from problem

    def add(self) -> None:
        """A new key, which seals from now on; those before go on opening."""
        self._write([secrets.token_urlsafe(_BYTES), *self.all()])

    def forget_older(self) -> None:
        """Only the current one stays. Whatever is still sealed with another one can then not be opened any more."""
        self._write(self.all()[:1])

    def age_s(self, now: float) -> float:
        """Seconds since the keys were last changed; `now` is a time.time()."""
        return now - self.path.stat().st_mtime

    def _write(self, keys: list[str]) -> None:
        replace_file(self.path, "\n".join(keys) + "\n")
