"""The data folder: where one Trawl keeps everything it must not lose, for nobody else to read."""

import json
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.local.errors import FolderUnusable
from infra.local.lock import exclusive
from infra.local.private_files import FOLDER_MODE, create_file, make_folder, replace_file

SECRET_BYTES = 32
_SECRET_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_CONFUSING = frozenset(",:\n\r")
# Only as root: PostgreSQL runs as another user and must be able to walk through, not to look around.
WALK_THROUGH_MODE = 0o711


@dataclass(frozen=True)
class DataFolder:
    """Paths, secrets and the two files by which other programs find a running Trawl."""

    path: Path

    @property
    def run(self) -> Path:
        """What is true only while it runs."""
        return self.path / "run"

    @property
    def logs(self) -> Path:
        """One bounded log for each child."""
        return self.path / "logs"

    @property
    def lock_file(self) -> Path:
        """Held while the folder is in use; names its holder."""
        return self.path / "lock"

    @property
    def endpoints_file(self) -> Path:
        """Where everything listens, with passwords: for the CLI and for tests."""
        return self.run / "endpoints.json"

    @property
    def status_file(self) -> Path:
        """What the supervisor knows about each child."""
        return self.run / "status.json"

    def create(self) -> None:
        """Makes the folder and its rooms. Raises FolderUnusable when it is not ours alone to write."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=FOLDER_MODE)
            make_folder(self.path, WALK_THROUGH_MODE if os.geteuid() == 0 else FOLDER_MODE)
            self._distrust()
            for room in (self.run, self.logs, self.path / "secrets"):
                make_folder(room)
        except OSError as error:
            raise FolderUnusable(
                f"The data folder {self.path} cannot be used: {error.strerror}. Name another with --data or TRAWL_DATA."
            ) from error

    def _distrust(self) -> None:
        if set(str(self.path)) & _CONFUSING:
            raise FolderUnusable(
                f"The data folder {self.path!s} has a comma, a colon or a line break in its name, which Java takes for "
                "the end of it. Name another with --data or TRAWL_DATA."
            )
        found = self.path.stat()
        if found.st_uid != os.geteuid():
            raise FolderUnusable(
                f"The data folder {self.path} belongs to user {found.st_uid}, not to you. "
                "Name another with --data or TRAWL_DATA."
            )
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise FolderUnusable(f"Other users may write to the data folder {self.path}. Run: chmod go-w {self.path}")

    @contextmanager
    def locked(self, command: str) -> Iterator[None]:
        """Holds the folder. Raises FolderInUse, naming the holder, when another program does."""
        self.create()
        with exclusive(self.lock_file, command, what=f"The data folder {self.path}"):
            yield

    def secret(self, name: str) -> str:
        """A secret of this folder, made when first asked for: 256 random bits, URL-safe (43 characters)."""
        if not _SECRET_NAME.fullmatch(name):
            raise ValueError(f"not a secret's name: {name!r}")
        file = self.secret_file(name)
        if not file.exists():
            create_file(file, secrets.token_urlsafe(SECRET_BYTES))
        return file.read_text()

    def secret_file(self, name: str) -> Path:
        """Where a secret is kept, for programs that take a file's name instead of a password."""
        return self.path / "secrets" / name

    def write_endpoints(self, endpoints: Mapping[str, str]) -> None:
        """Publishes where everything listens, at once and whole."""
        replace_file(self.endpoints_file, json.dumps(dict(endpoints), indent=2), durable=False)

    def withdraw_endpoints(self) -> None:
        """Says that nothing listens any more."""
        self.endpoints_file.unlink(missing_ok=True)

    def write_status(self, status: Mapping[str, object]) -> None:
        """Publishes the children's states, at once and whole."""
        replace_file(self.status_file, json.dumps(dict(status), indent=2), durable=False)
